import { anyOf, asked, shaped, written, type Cue } from './cue.ts';

const classifying = anyOf(
  'classif*|categori[sz]*|label (each|every|the|this|these|them|whether)|tag (each|every|the|this|these)|flag (any|each|every|all)|' +
    'assign (a|an|the|one|each)|route (this|the|it)|triage|(which|what) (category|categories|label|intent|department|genre|class|topic|tag|bucket|group)|' +
    '(sort|group|bucket) .* (into|by type)|detect (the|whether|if)|determine (if|whether|the)|decide (if|whether)|judge (whether|the)|identify (the|whether)|' +
    'tell (me )?(whether|if)|intent detection|pick (the|one|a)|choose (one|the|a)|select (one|the|a)|' +
    // German, French, Spanish, Italian, Portuguese, Dutch, Polish
    'klassifizier*|kategorisier*|ordne|einordnen|zuordnen|weise .* zu|welche kategorie|' +
    'class(e|ez|er|ifie|ifiez|ifier)|catégoris*|attribue*|étiquet*|quelle (catégorie|intention)|' +
    'clasific*|categoriz*|etiqueta*|determina si|determine se|indica (si|se|il|la|el)|qué (categoría|intención)|' +
    'classific*|categorizz*|etichetta|quale categoria|classifique|qual categoria|qual (é )?a (categoria|intenção)|' +
    'classificeer|categoriseer|welke (categorie|afdeling)|bepaal of|sklasyfikuj|zaklasyfikuj|przypisz|określ|oceń czy|' +
    'классифицируй*|определи|отнеси|к какой категории|sınıflandır*|hangi kategori|klassificera|' +
    '分类|归类|归为|分到|判断|属于哪|标注|分類|どれか|どちら|判定|분류|صن[ّ]?ف|حدد|वर्गीकृत|वर्गीकरण|श्रेणी',
);

const labelNouns = anyOf(
  'sentiment|tone|stance|polarity|emotion|toxic|toxicity|spam|phishing|clickbait|sarcas*|satire|intent|intents|intention|entailment|offensive|hate speech|' +
    'urgency|urgent|priority|severity|named entit*|part[s]?[- ]of[- ]speech|pos tag*|moderation|policy|relevant|duplicate*|formal is|' +
    'stimmung|tonalität|absicht|beschwerde|dringend|gefühl|sentimiento|intención|ofensivo|urgente|sentimento|sentiment|intention|urgent|intenção|ofensivo|' +
    'tonalność|sentyment|тональность|настроение|спам|情感|倾向|情绪|意图|感情|意図|감정|의도|مشاعر|भावना|duygu',
);

const polarity =
  /positiv|negativ|neutral|肯定|否定|正面|负面|中性|ポジティブ|ネガティブ|긍정|부정|положительн|отрицательн|إيجابي|سلبي|सकारात्मक|नकारात्मक|olumlu|olumsuz|pozytywn|négatif|mitigé/gu;

const labelsGiven =
  /(?<!\p{L})(options?|labels?|categor(y|ies)|choices|classes|departments|intents?|tags|topics?|genres?|kategorien?|catégories?|choix|opciones|categorías|categorias?|opções|kategorie|категории|选项|类别)[^.\n]{0,20}[::(\[]/u;

const onlyLabel =
  /(only|just|nur|seulement|uniquement|sólo|solo|apenas|alleen|tylko|только|只|だけ)[^.\n]{0,30}(label|category|word|number|name|yes|no|true|false|department|tool|class|id|ids|kategorie|wort|mot|palabra|parola|palavra|标签|类别)|(answer|reply|respond|output|return|antworte|réponds|responde|rispondi)[^.\n]{0,40}(yes or no|yes\/no|true or false|one word|one label|einem wort|ja oder nein|oui ou non|sí o no|sì o no|sim ou não|the label|the id|label)|\b(yes ?\/ ?no|true ?\/ ?false)\b|(ja oder nein|oui ou non|sí o no|sim ou não)/u;

/** A list of words of which one is chosen: `(a, b, c)`, `[a, b]`, `a/b/c`, `a, b or c`. */
const shortList =
  /[([](\s*["']?[\p{L}-]+( [\p{L}-]+)?["']?\s*[,/、,|]){1,}\s*["']?[\p{L}-]+( [\p{L}-]+)?["']?\s*[)\]]|(?<!\p{L})[\p{L}-]+(, [\p{L}-]+)+,? (or|oder|ou|o|of|lub|или) [\p{L}-]+|:\s*([\p{L}-]+, ){2,}[\p{L}-]+(?=[.?\n]|$)/u;

const aboutText =
  /^(is|are|was|does|do|did|ist|sind|est-ce|es|è|é) (this|the following|that|it|the (text|message|comment|email|sentence|statement|review|tweet)|diese[rs]?|der|die|das|folgende|ce|cette|este|esta|questo|questa|…|")/u;

export const classificationCues: readonly Cue[] = [
  asked('classification', 1.6, 'asks to classify', classifying),
  asked('classification', 1.6, 'asks for a sentiment, intent or the like', labelNouns),
  shaped(
    'classification',
    1.8,
    'names the poles of a scale',
    ({ instruction }) => new Set(instruction.match(polarity)).size >= 2,
  ),
  asked('classification', 1.2, 'lists labels', labelsGiven),
  shaped(
    'classification',
    1.2,
    'lists words to choose from, about a text',
    ({ instruction, hasMaterial }) => hasMaterial && shortList.test(instruction),
  ),
  asked('classification', 1.8, 'wants only a label', onlyLabel),
  shaped(
    'classification',
    1.3,
    'asks whether a text is the one or the other',
    ({ instruction, hasMaterial }) => hasMaterial && aboutText.test(instruction),
  ),
  asked(
    'classification',
    1.5,
    'asks this or that',
    /^[^.\n]{0,60}(?<!\p{L})(or|oder|ou|o) (not|kein|pas|no)(?!\p{L})/u,
  ),
  written(
    'classification',
    2.2,
    'shows labelled examples',
    /("[^"\n]+"|^[^\n]{3,80})\s*(->|=>|→)\s*\p{L}+[^\n]*\n[\s\S]*(->|=>|→)/mu,
  ),
  asked(
    'classification',
    1.2,
    'asks for one of a list',
    /(->|→|which of|one of|any of)\s*(these|the following|\[)/u,
  ),
  asked(
    'classification',
    1.1,
    'asks for a rating',
    /(on a )?scale (of|from)|(rate|score|rating) .*(from )?\d+ ?(-|to|–) ?\d+|from \d+ to \d+/u,
  ),
];
