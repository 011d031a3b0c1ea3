import { kindsOf, matchesOf, valueIn, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/**
 * What people say of secrets, numbers, names, homes and marks in languages that are not written in Latin letters, and in Turkish,
 * Vietnamese, Indonesian and Swedish: a word that says what it is, and the value behind it. Illness and pay only of one's own.
 */

const is = '(?:は|が|이|가|은|는|是|为|為|это|—|-|هو|هي|है|คือ|:|：|=|\\s)';
const number = '[\\dA-Z][\\dA-Z \\-./]{4,30}\\d';

const kinds = kindsOf([
  [
    'secret',
    'script.password',
    new RegExp(
      `(?:密码|密碼|口令|验证码|驗證碼|暗証番号|パスワード|合言葉|비밀번호|암호|패스워드|인증번호|пароль|пин-?код|кодовое слово|كلمة (?:المرور|السر)|الرقم السري|סיסמ[הא]|पासवर्ड|รหัสผ่าน|κωδικ(?:ός|ο)|şifre(?:m|miz|si)?|parola(?:m|mız|sı)?|mật khẩu|kata sandi|lösenordet|adgangskoden)[^\\n。.?？!]{0,16}?${is}{1,3}["“「『]?(?=[^\\s。]*[\\dA-Za-z])[\\w!@#$%^&*+=.-]{4,64}`,
      'giu',
    ),
  ],
  [
    'national_id',
    'script.number',
    new RegExp(
      `(?:身份证号?码?|身分證字號|护照号?码?|護照號碼|银行卡号?|銀行帳號|账号|卡号|手机号?码?|手機號碼|电话|社保号|マイナンバー|個人番号|口座番号|電話番号|免許証番号|旅券番号|カード番号|주민등록번호|여권번호|계좌번호|전화번호|운전면허|카드번호|паспорт[аеу]?|ИНН|СНИЛС|номер (?:счёта|счета|карты|телефона|паспорта)|رقم (?:الهوية|الجواز|الحساب|الهاتف|البطاقة)|תעודת זהות|आधार|पैन|เลขบัตร|T\\.?C\\.? kimlik|kimlik no|CMND|CCCD|số (?:tài khoản|điện thoại|thẻ)|NIK|nomor (?:rekening|telepon|KTP)|personnummer)[^\\d\\n]{0,12}${number}`,
      'giu',
    ),
  ],
  [
    'person',
    'script.name',
    /(?:我(?:叫|的名字是|住在|家住)|私の名前は|住所は|제 이름은|저는 [가-힣]{2,4}(?:입니다|이고)|주소는|меня зовут|я живу (?:в|на)|мой адрес|اسمي|أسكن في|عنواني|שמי|मेरा नाम|मेरा पता|ชื่อของฉัน|με λένε|μένω (?:στην?|στο)|benim adım|adresim|tôi tên là|địa chỉ của tôi|nama saya|alamat saya|jag heter|jag bor (?:på|i))\s?[^\s。,.]{2,}/giu,
  ],
  [
    'confidential',
    'script.marked',
    /(?:机密|機密|绝密|秘密文件|内部资料|內部資料|请勿外传|請勿外傳|社外秘|極秘|部外秘|機密情報|대외비|기밀|극비|사내 한정|секретно|конфиденциально|для служебного пользования|не (?:распространять|разглашать)|سري للغاية|سرّي|गोपनीय|ลับมาก|ความลับ|gizli(?:dir)?\s*[:.!]|tuyệt mật|rahasia perusahaan|sangat rahasia|får ej spridas)/giu,
  ],
  [
    'health',
    'script.health',
    /(?:我(?:有|得了|患有|被诊断)[^。？?]{0,8}(?:糖尿病|癌|抑郁|艾滋|怀孕)|(?:私|母|父|妻|夫|息子|娘)(?:は|が)[^。？?]{0,12}(?:糖尿病|がん|癌|うつ|妊娠|認知症)|(?:저|제 (?:아내|남편|아들|딸|어머니|아버지))[는은가이][^.?]{0,12}(?:당뇨|암|우울증|임신|치매)|у (?:меня|моей|моего) [^.?!]{0,24}(?:диабет|рак|депресси|ВИЧ|эпилепси)|я беременна|моя зарплата|我的(?:工资|薪水|年薪)|私の(?:年収|給料)|제 연봉)/giu,
  ],
]);

/** Letters beyond those of Western Europe. */
const otherLetters = /[\u0250-\u1dff\u3040-\ud7ff\u015f\u0131]/;
/** Of languages whose sentences may have none. */
const words =
  /kata sandi|nama saya|alamat saya|rahasia|nomor |parola|kimlik|cmnd|cccd|personnummer|jag heter|jag bor|f\u00e5r ej|l\u00f6senord|adgangskoden|t\u00f4i t|m\u1eadt/iu;

export const otherScripts: Detector = {
  name: 'script',
  find(text, facts = new TextFacts(text)) {
    const likely = kinds.filter((kind) => facts.mayMatch(kind));
    if (likely.length === 0 || !((!facts.isAscii && otherLetters.test(text)) || words.test(text))) return [];
    return likely.flatMap((kind) => {
      const found = matchesOf(facts, kind);
      return kind.type === 'secret' ? found.map(valueIn(text)) : found;
    });
  },
};
