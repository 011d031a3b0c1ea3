import { anyOf, asked, shaped, type Cue } from './cue.ts';

const greeting = anyOf(
  "hi+|hey+|hello|howdy|yo|good (morning|evening|afternoon|night|day)|how('s| is| are) (it going|you|things)|what'?s up|thanks?|thank you|thx|cheers|ok(ay)?|yes|yep|no|nope|sure|great|cool|nice|lol|haha|bye|goodbye|see you|never ?mind|sorry|" +
    "got it|perfect|awesome|i'?m (bored|back|here|sad|tired|happy)|test(ing)?|hallo|guten (tag|morgen|abend)|gute nacht|danke|tschüss|bonjour|bonsoir|salut|merci|au revoir|ça va|hola|buen[oa]s (días|tardes|noches)|gracias|adiós|qué tal|" +
    'ciao|buongiorno|buonasera|grazie|arrivederci|olá|oi|bom dia|boa (tarde|noite)|obrigad[oa]|tchau|hoi|goedemorgen|bedankt|dank je|cześć|dzień dobry|dziękuję|dzięki|привет|здравствуй*|спасибо|пока|добр(ый|ое) (день|утро|вечер)|' +
    '你好|您好|谢谢|再见|早上好|こんにちは|こんばんは|おはよう|ありがとう|さようなら|안녕|감사합니다|고마워|नमस्ते|धन्यवाद|مرحبا|شكرا|السلام عليكم|merhaba|selam|teşekkür*|günaydın',
);

const translation = anyOf(
  'translat*|how do you say|how to say|übersetz*|wie sagt man|tradui*|comment dit-on|traduc*|cómo se dice|tradu[cz]*|come si dice|como se diz|vertaal|przetłumacz*|переведи*|как будет по|翻译|译成|翻訳|번역|ترجم|अनुवाद|çevir',
);

const rewording = anyOf(
  'proof-?read|correct (the|this|my|any|spelling|grammar)|(fix|check) (the|my|this|any)? ?(grammar|spelling|typos?|punctuation)|grammar|spelling|rephrase|reword|paraphrase|rewrite (this|the|it|in|as|more)|' +
    'make (this|it|the following|my|the) .*(sound|more|less|shorter|formal|professional|friendly|polite|concise)|shorten|more (formal|polite|friendly|professional)|passive voice|active voice|' +
    'korrigier*|formulier*|umformulier*|rechtschreib*|kürze|corrige[rz]?|reformule[rz]?|orthographe|raccourci*|corrige|reformula|ortografía|acorta|correggi|riformula|corrija|reescreva|reformule|ortografia|verbeter|herschrijf|popraw|przeredaguj|исправь|перефразируй|перепиши|сократи|' +
    '改写|润色|纠正|修改.*(语法|错别字)|校正|添削|言い換え|교정|맞춤법|सुधार|صحح|أعد صياغة|düzelt',
);

const reformatting = anyOf(
  'format (this|the|it|as)|reformat|as a (markdown )?table|markdown|to (upper|lower|title) ?case|(upper|lower)case|alphabeti[sz]e|alphabetical*|sort (these|the|this|those) (words|list|names|items)|sort these|remove (all|the|any|extra)|' +
    '(convert|turn) (this|the|these|it) .*(csv|table|list|bullet*|uppercase|lowercase|json|markdown)|repeat after me|repeat (the|this)|copy the|number the|add line breaks|line breaks|alphabetisch|en majuscules|en mayúsculas|按字母|排序|整理成表格|表にして',
);

const command =
  /^(please |can you |could you |hey \w+,? )?(remind|set (a|an|the|my)|turn (on|off|up|down)|switch (on|off)|play|pause|stop|skip|book|order|buy|send|text|email|call|dial|schedule|cancel|open|close|start|add .* to (my|the)|delete my|wake me|navigate|show me my|dim|lock|unlock|mute|increase|decrease|raise|lower|erinner|spiel|stell|schalte|rappelle|allume|éteins|mets|joue|recuérdame|pon|apaga|enciende|ricordami|accendi|spegni|lembre|toque|ligue|desligue|напомни|включи|выключи|поставь)(?!\p{L})/u;

const aboutSelf = anyOf(
  'who are you|what are you|what can you (do|help)|what do you think of me|are you (there|real|human|an? (ai|bot|robot|person))|your name|who (made|built|created) you|how are you|help me with\\?|anyone (there|reading)|you are a helpful assistant|call me|from now on|forget (what|everything|that)|' +
    'wer bist du|was kannst du|qui es-tu|quién eres|chi sei|quem é você|кто ты|你是谁|あなたは誰|너는 누구',
);

export const otherCues: readonly Cue[] = [
  shaped(
    'other',
    2.6,
    'is a greeting or an answer',
    ({ instruction, wordCount }) => wordCount <= 10 && greeting.test(instruction.slice(0, 30)),
  ),
  asked('other', 2.8, 'asks for a translation', translation),
  asked('other', 2.6, 'asks for other wording or correction', rewording),
  asked('other', 2.2, 'asks for another form of the same text', reformatting),
  asked('other', 2.4, 'is a command to an assistant', command),
  asked('other', 2.4, 'is about the assistant', aboutSelf),
  shaped(
    'other',
    1,
    'is a word or two and no question',
    ({ wordCount, isQuestion, whole }) =>
      wordCount <= 3 &&
      !isQuestion &&
      !/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]{6,}/u.test(whole),
  ),
];
