import { anyOf, asked, shaped, type Cue } from './cue.ts';

const factQuestion =
  /^(so |and |ok |hey |please |can you tell me |do you know |tell me )?(who|whom|whose|what('?s)?|when|where|which|why|how (many|much|long|far|old|tall|high|big|deep|often|do|does|did|can|to|is|are|was)|is|are|was|were|does|do|did|can|could|should|name|list)(?!\p{L})/u;
const foreignQuestion =
  /^[¿]?(wer|was|wann|wo|wie|welche[rsn]?|warum|wieso|qui|que|quoi|qu'|quand|où|comment|pourquoi|quel(le)?s?|c'est quoi|combien|quién(es)?|qué|cuándo|dónde|cómo|por qué|cuál(es)?|cuánt[oa]s?|en qué|chi|che cosa|cosa|quando|dove|come|perché|qual[ei]?|quant[oiae]|quem|o que|onde|como|por que|quanto|wie|wat|wanneer|waar|waarom|hoe|welk[e]?|kto|co|kiedy|gdzie|jak|dlaczego|jaki|jaka|кто|что|когда|где|как|почему|какой|какая|какое|какие|сколько|من|ما|متى|أين|كيف|لماذا|ما هي|ما هو)(?![\p{L}\p{M}])|(谁|什么|哪|何时|多少|多高|多长|多大|为什么|怎么|是什么|何|誰|いつ|どこ|なぜ|どう|いくつ|は[??]$|무엇|누구|언제|어디|왜|어떻게|क्या|कौन|कब|कहाँ|क्यों|कैसे|nedir|kim|neresi|nerede|kaç|hangi)/u;

const summary = anyOf(
  'summari[sz]e*|summary|summaries|tl;?dr|key (points|takeaways)|main (points|idea)|condense|in a nutshell|gist|recap|abstract of|' +
    'fass*|zusammenfass*|kurzfassung|résum*|resum*|riassum*|sintesi|sintetizza|samenvat*|vat .* samen|streszcz*|podsumuj|кратко перескажи|резюм*|перескажи|' +
    '总结|概括|摘要|要約|まとめ|요약|لخ[ّ]?ص|ملخص|सारांश|संक्षेप|özetle*',
);

const definition = anyOf(
  "define|definition|meaning of|what does .* mean|stands? for|what is (a|an|the)|what are|what'?s (a|an|the)|explain (what|in simple|simply|to me|why|how|the)|explain|difference between|" +
    'tell me about|describe (what|how)|bedeutet|bedeutung|erkläre?|erklär mir|unterschied zwischen|signifie|définition|définis|explique*|différence entre|' +
    'significa|definición|explica*|diferencia entre|definizione|spiega*|differenza tra|definição|explique|diferença entre|betekent|leg uit|verschil tussen|oznacza|wyjaśnij|' +
    'что такое|объясни|что значит|разница между|解释|是什么|什么是|とは|説明して|설명|ما هو|ما هي|اشرح|समझाइए|nedir|açıkla',
);

const fromText = anyOf(
  'according to|using the (context|text|passage)|use the (context|text|passage)|based on the (text|context|passage|article|document|above|following|email)|read the (passage|text|paragraph|article)|' +
    'from the .* (below|above)|in this text|in the (text|passage)|answer the question|extract|pull out|find all|list (all|the|every) .* (in|from)|' +
    "laut (dem )?text|lies den text|extrahiere|d'après le texte|selon le texte|extrais|extrae|según el texto|estrai|secondo il testo|extraia|segundo o texto|haal .* uit|" +
    '根据|提取|抽取|によると|抜き出|추출|извлеки|согласно тексту|wyodrębnij|استخرج|निकालिए',
);

export const qaCues: readonly Cue[] = [
  asked('simple_qa', 0.7, 'asks a question', factQuestion),
  asked('simple_qa', 0.9, 'asks a question', foreignQuestion),
  asked('simple_qa', 0.2, 'ends in a question mark', /[??؟]\s*$/u),
  asked('simple_qa', 3, 'asks for a summary', summary),
  asked('simple_qa', 0.7, 'asks what something is', definition),
  asked('simple_qa', 2, 'asks what a text says', fromText),
  shaped(
    'simple_qa',
    1.6,
    'asks for one of marked answers',
    ({ whole }) => (whole.match(/(^|\s)\(?[a-e][).]\s/gu)?.length ?? 0) >= 3,
  ),
  shaped(
    'simple_qa',
    0.3,
    'is a short question',
    ({ wordCount, isQuestion, numberCount }) => isQuestion && wordCount <= 14 && numberCount <= 1,
  ),
];
