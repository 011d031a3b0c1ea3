import { describe, expect, it } from 'vitest';
import { detectors } from '../scan-text.ts';

/** Classes of what leaks in plain sentences, one list each: made up for this, and beside each what looks alike and is nobody's. */

const codesIn = (text: string): readonly string[] =>
  detectors.flatMap((one) => one.find(text).map(({ detector }) => detector));

const classes: readonly (readonly [
  detector: string,
  found: readonly string[],
  harmless: readonly string[],
])[] = [
  [
    'house.doing',
    [
      "We're quietly closing the Leeds branch",
      'We are in talks with Vantor about the chips',
      'we are cutting 25 jobs in sales',
    ],
    ['We are closing the window.', 'The firms are in talks with the union.', 'We are selling lemonade.'],
  ],
  [
    'house.going_to',
    [
      'We will raise our prices by 4% in May',
      "We're going to miss the forecast",
      'we plan to discontinue it',
    ],
    ['We will raise the flag.', 'We are going to miss the bus.', 'The firm will raise prices.'],
  ],
  [
    'house.decided',
    ['Our board rejected the offer', 'The board approved a bonus that is paid in June'],
    ['What does a board do?', 'The school board approved the plan.'],
  ],
  [
    'house.paper_with',
    ['The LOI with Carmel ends soon', 'due diligence on Fabrikam', 'secret talks with Orlin'],
    ['What is a letter of intent?', 'Talks with the neighbours were friendly.'],
  ],
  [
    'house.schedule',
    ['The closure of the Ghent plant is planned for May', 'the launch of our kettle was approved'],
    ['The closure of the valve is slow.', 'The launch of a rocket is loud.'],
  ],
  [
    'house.untold',
    [
      'nobody outside the lab knows it',
      "the staff haven't been told",
      'my husband must not know',
      'keep it quiet',
    ],
    ['Nobody knows the answer.', "He doesn't know the rules.", 'Keep the baby quiet.'],
  ],
  [
    'house.limit',
    ['Negotiation limit: 40', 'we can go as low as 12 euros', 'the lowest price we would take'],
    ['How do I negotiate?', 'The limit of the series is 2.'],
  ],
  [
    'house.rivalry',
    ['We lose to Kestra in most tenders', 'we undercut Marlow on price'],
    ['We lose heat through windows.', 'We win the game on Sunday.'],
  ],
  [
    'house.prototype',
    ['the prototype fails in the cold', 'The trial of KX-9 missed its primary endpoint'],
    ['What is a prototype?', 'The trial of Socrates was unfair.'],
  ],
  [
    'house.trend',
    ['churn in the basic plan rose from 3% to 6%', 'operating margin on the Bora line fell from 12% to 9%'],
    ['The temperature rose from 12 to 20.', 'The margin of the page is wide.'],
  ],
  [
    'house.paid',
    ['she earns about 95k', 'we sell the seat license for $30', 'a bridge loan of 2 million'],
    ['She earns $15 an hour.', 'We sell lemonade for $2.', 'The bridge is long.'],
  ],
  [
    'system.hole',
    [
      'There is an SQL injection in our shop',
      'a zero-day that we found in our router firmware affecting our fleet',
    ],
    ['Explain SQL injection in PHP.', 'What is a zero-day?'],
  ],
  [
    'system.struck',
    ['They encrypted all our servers', 'Someone broke into our office'],
    ['He broke into song.'],
  ],
  [
    'system.open_door',
    ['our cameras still use the default password', 'Our backup server is unencrypted'],
    ['Our backups take two hours.', 'Is the default password safe?'],
  ],
  [
    'system.leaked',
    [
      'The customer table was leaked',
      '4,000 patient records were exposed',
      'the leak of 300 employee records',
    ],
    ['A leak of water', 'The records were broken at the Olympics.'],
  ],
  [
    'system.rule',
    ['firewall rule 7 allows everybody in', 'domain admin within two hours', 'Jira OPS-1182'],
    ['What is a firewall?', 'A rule allows one exception.'],
  ],
  [
    'people.record',
    ['Blood work for Mr. Osei', 'the deposition of Dr. Lund', 'Test results of patient 4711'],
    ['Test results for the new engine', 'the salary of a teacher', 'the will of the people'],
  ],
  [
    'people.numbered',
    ['Customer 55120 wants a refund', 'inmate #40718'],
    ['Customers spend 2000 dollars.', 'employee 12', 'The student 2000 years ago'],
  ],
  [
    'people.leave',
    ['She asked for parental leave', 'Nora is on sick leave', 'Our cook is out with the flu'],
    ['How does parental leave work?', 'Employees can take unpaid leave.'],
  ],
  [
    'people.rating',
    ["Lea's performance review was bad", 'Rank my staff for layoffs'],
    ['What is a performance review?', 'Rank these cities by size.'],
  ],
  [
    'people.of_mine',
    ['Two of my students are dating', 'one of our drivers was drunk'],
    ['Two of the students are tall.', 'One of my favourite books'],
  ],
  [
    'people.wrongdoing',
    ['Our treasurer stole money', 'my landlord takes bribes', 'Our nurse was arrested'],
    ['Our teacher was kind.', 'My driver is not working', 'The treasurer stole the show.'],
  ],
  [
    'people.against_me',
    ['my ex is stalking me', 'The bank wants to sue us', 'The settlement with the union cost 3 million'],
    ['The light is charging the battery.', 'What is a subpoena?'],
  ],
  ['people.docket', ['case no. 22-CR-0199'], ['case 2 of the proof', 'Case sensitive']],
  [
    'people.movement',
    ['The convoy departs from the depot at 0500', 'The informant is hiding in Lyon'],
    ['The convoy was long.', 'The source of the river is in the hills.'],
  ],
  [
    'people.kept_from',
    ['I hide my bonus from my wife', 'I keep gold in my cellar', 'my security clearance'],
    ['I keep eggs in the fridge.', 'Keep the sun from the plants.'],
  ],
  [
    'people.household',
    ['the file of the Brandt family', 'Attendees: Kim Larsen (Nordbank)', 'List of our donors: see below'],
    ['The family of languages', 'Participants: how many are needed?'],
  ],
  [
    'credential.labelled',
    ['Initial password for the interns: Spring-2031'],
    ['password: minimum', 'The password for the site is required'],
  ],
  ['credential.network_pair', ['The wifi upstairs is Falkor / dragon77x'], ['The wifi is slow and old']],
  [
    'abroad.password',
    ['Das Passwort lautet Regen!77', 'la contraseña del correo es Luna2020', 'Hasło to Zima2024'],
    ['Was ist ein gutes Passwort?', 'La contraseña es obligatoria', 'Hasło jest wymagane'],
  ],
  [
    'abroad.name',
    [
      'Mein Name ist Uwe Brandt',
      'Je m’appelle Léa Morel'.replace('’', "'"),
      'me llamo Ana',
      'Nazywam się Jan Lis',
    ],
    ['Wie ist dein Name?', 'Comment tu t’appelles ?', 'ik ben moe'],
  ],
  [
    'abroad.residence',
    ['ich wohne in der Gartenstraße', "J'habite à Lyon", 'vivo en Sevilla', 'Mieszkam w Gdyni'],
    ['Wo wohnen Bären?', 'vivo en paz', 'ik woon'],
  ],
  [
    'abroad.pay',
    ['Mein Gehalt ist 3.100 Euro', 'Je gagne 1 900 euros', 'Zarabiam 7000 zł'],
    ['Das Gehalt eines Lehrers ist 3.100 Euro.', 'Combien gagne un médecin ?'],
  ],
  [
    'abroad.health',
    ['Meine Mutter hat Krebs', "J'ai le diabète", 'mi hija tiene epilepsia', 'Ik heb diabetes'],
    ['Was ist Krebs?', 'Ich möchte wissen, was Diabetes ist.', 'Meine Mutter fragt, was Krebs ist.'],
  ],
  [
    'abroad.marked',
    ['Streng vertraulich: Preise', 'NE PAS DIFFUSER', 'Uso interno', 'niet delen!'],
    ['Was heißt vertraulich?', 'Que veut dire confidentiel en droit ?'],
  ],
  [
    'abroad.plan',
    ['Wir schließen das Werk in Ulm', 'Nous allons fermer l’usine'.replace('’', "'")],
    ['Wir kaufen heute Brot.', 'Vamos a comprar pan.'],
  ],
  [
    'abroad.figure',
    ['Unser Gewinn sank um 8 %', "Notre chiffre d'affaires est de 3 millions"],
    ['Der Gewinn ist 8 Euro.', 'Unser Garten hat 8 Bäume.'],
  ],
  [
    'abroad.dismissal',
    ['Schreibe die Kündigung für Herrn Brandt', 'licenciement de Mme Morel'],
    ['Schreibe eine Kündigung', 'La carta de despido de un empleado'],
  ],
  [
    'papers.asked',
    [
      'Review our contract with the printer',
      "fix my company's login module",
      'Summarise our patient records',
    ],
    ['Review my essay', 'Write a contract template', 'How do contracts work?', 'Our API returns 404.'],
  ],
  [
    'papers.of_people',
    ['a spreadsheet of employee salaries', 'this list of customer emails'],
    ['a list of employees', 'a table of salaries by country'],
  ],
  [
    'papers.announcement',
    ['Write a memo about the layoffs', 'draft an email to staff about the closure'],
    ['Write a letter about spring', 'an email about the acquisition of language'],
  ],
  [
    'papers.against_us',
    ['a complaint filed against us', "the minutes of yesterday's board meeting"],
    ['a complaint filed against the city', 'in ten minutes of play'],
  ],
  [
    'papers.telling',
    ['Our growth strategy is to wait', 'our bank is threatening to close it', 'merger talks with Orlin'],
    ['Our strategy game', 'Talks with the teacher', 'We lost the ball.'],
  ],
  [
    'papers.day',
    ['The launch is scheduled for 5 May', 'the deal will be signed soon', 'The board decided to close it'],
    ['The launch was loud.', 'The deal of the day', 'The school board met.'],
  ],
  [
    'papers.sum',
    ['The budget for the new campaign is $400,000', 'I have $9,000 in savings', 'I make 60000 a year'],
    ['The budget for lunch is $5.', 'I have $5 in coins', 'I make 12 cakes a week'],
  ],
  [
    'people.called',
    [
      'Olga from payroll said so',
      'Patient Marta has a fever',
      'the tenant in 4B',
      'a meeting with Orlin at 3',
    ],
    ['The patient has a fever.', 'Olga from Kyiv', 'a meeting with friends'],
  ],
  [
    'system.admitted',
    ['We had a data breach', 'we store user passwords as text', 'our app has a security flaw'],
    ['We had a picnic.', 'We store apples.', 'A breach is a hole.'],
  ],
  ['credential.keyed', ['my key: 8f3a9b2c4d5e'], ['the key is long']],
  ['credential.code_to', ['the code to the shed is 77-12'], ['the code to the program is short']],
  ['credential.place_password', ['admin password is monkey'], ['The admin password is required']],
  [
    'field.password',
    ['{"user": "a", "password": "letmein"}', 'pwd: qwerty', '<password>letmein</password>'],
    [
      'password: string',
      'password = input()',
      'Password: required',
      "password: 'YOUR_PASSWORD_HERE'.length > 3",
    ],
  ],
  ['field.pair', ['admin:dragon', 'root / toor'], ['root:x:0:0', '/admin/users', 'admin: yes']],
  [
    'field.clinical',
    ['Diagnosis: bipolar disorder', 'Therapy notes for Jo', 'Blood type: B+'],
    ['Diagnosis: what is it?', 'The diagnosis is hard.'],
  ],
  ['field.pay', ['Salary: 85,000'], ['salary: what is fair?']],
  ['field.table', ['name,email,ssn,salary'], ['name, colour and shape']],
  [
    'field.attached',
    ['The salaries are attached', 'Confidential memo: read'],
    ['The photo is attached', 'a confidential matter of the heart'],
  ],
  [
    'script.password',
    ['我的密码是 abc12345', 'пароль: Zima2024', 'şifrem Kedi99'],
    ['密码是什么？', 'Что такое пароль?'],
  ],
  ['script.number', ['身份证号 110101199003071234', 'СНИЛС 112-233-445 95'], ['身份证是什么？']],
  ['script.name', ['меня зовут Иван', '我叫王伟', 'jag heter Nils'], ['Как тебя зовут?']],
  ['script.marked', ['社外秘', 'Конфиденциально'], ['これは公開です']],
  ['script.health', ['我得了糖尿病', 'у моей мамы рак'], ['糖尿病とは何ですか']],
  ['abroad.number', ['Steuernummer 12/345/67890', 'BSN 123456782'], ['Was ist eine Steuernummer?']],
];

describe.each(classes)('%s', (detector, found, harmless) => {
  it.each(found)('is seen in %j', (text) => {
    expect(codesIn(text)).toContain(detector);
  });

  it.each(harmless)('is not seen in %j', (text) => {
    expect(codesIn(text)).not.toContain(detector);
  });
});
