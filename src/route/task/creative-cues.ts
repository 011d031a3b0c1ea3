import { anyOf, anywhere, asked, shaped, type Cue } from './cue.ts';

const forms = anyOf(
  'poem|poems|poetry|verse|rhyme|haiku|limerick|sonnet|ode|ballad|song|lyrics|sea shanty|rap|story|stories|short story|tale|fairy ?tale|fable|novel|novella|chapter|screenplay|sketch|scene|dialogue|conversation between|' +
    'monologue|soliloquy|slogan|slogans|tagline|taglines|motto|caption|captions|toast|speech|eulogy|vows|op-?ed|blog post|newsletter|love letter|cover letter|letter from|linkedin post|tweet about|ad copy|product (copy|description)|copy for|' +
    'joke|jokes|pun|puns|stand-?up|metaphor|metaphors|simile|character|villain|hero|protagonist|plot|plot twist*|world-?building|campaign|d&d|bedtime|backstory|opening (line|paragraph)|fan ?fiction|parody|satire of|essay|memoir|greeting card|' +
    "gedicht|geschichte|kurzgeschichte|märchen|lied|liedtext|rede|aufsatz|erzählung|witz|fabel|roman|werbespruch|trinkspruch|poème|histoire|conte|nouvelle|chanson|discours|slogan|lettre d'amour|fable|blague|" +
    'poema|cuento|historia|canción|relato|discurso|eslogan|fábula|chiste|soneto|poesia|racconto|favola|canzone|storia|filastrocca|conto|música|crônica|redação|gedicht|verhaal|lied|sprookje|wiersz|opowiadanie|bajk[aęi]|piosenk[aęi]|' +
    'стихотворение|стих|рассказ|сказк[уаи]|песн[юя]|тост|эссе|сочинение|诗|故事|小说|童话|歌词|散文|作文|剧本|口号|俳句|物語|小説|詩|歌詞|童話|キャッチコピー|시를|소설|이야기|동화|노래|에세이|कविता|कहानी|निबंध|गीत|قصيدة|قصة|شعر|أغنية|şiir|hikaye|masal',
);

const making = anyOf(
  "write|rewrite|compose|draft|create|invent|imagine|make up|come up with|brainstorm|pretend|continue|tell me|give me|describe|craft|pen|suggest|help me|turn this into|need|want|please|i'd like|what would|" +
    'schreib*|verfass*|erfinde|dichte|denk dir|erzähl*|écris|écrivez|invente|rédige|imagine|raconte|compose|escribe|inventa|imagina|crea|cuéntame|scrivi|inventa|racconta|componi|immagina|escreva|invente|crie|conte|componha|' +
    'schrijf|bedenk|verzin|napisz|wymyśl|ułóż|напиши|придумай|сочини|расскажи|写|编|创作|想象|書いて|作って|考えて|써|지어|लिखो|लिखें|लिखिए|सुनाओ|اكتب|ألف|yaz|uydur',
);

const imagining = anyOf(
  'imagine|pretend|role-?play|in the style of|from the (perspective|point of view) of|from the viewpoint of|in the voice of|you are a (pirate|medieval|detective|wizard|vampire|ghost|poet|robot|dragon)|act as a (pirate|poet|comedian|storyteller)|' +
    'make up|come up with|brainstorm|creative|funny|witty|heartfelt|melancholic|whimsical|romantic|plot twist|fictional|fantasy|sci-?fi|science fiction|rhyming|iambic|free verse|' +
    'names for|name ideas|ideas for|titles? for|erfinde|denk dir .* aus|stell dir vor|invente|imagine|inventa|imagina|immagina|imagine|придумай|想象|想像',
);

const analysis = anyOf(
  'analy[sz]e*|critically|critique|nuance[d]?|discuss|interpret*|symbolism|themes? (of|in)|ethic[s]?|moral (case|question|dilemma)|philosoph*|argue|argument[s]? for|for and against|pros and cons|both sides|several perspectives|different perspectives|' +
    'evaluate|assess (the|how|whether)|reflect on|essay|persuasive|to what extent|compare and contrast|compare the .* (style[s]?|view[s]?|approach[es]?|philosoph*)|what (it|each|this) says about|unreliable narrat*|literary|implications of|' +
    'erörter*|analysier*|interpretier*|diskutier*|bewerte kritisch|vor- und nachteile|stellungnahme|analyse[zr]?|interprète|discute*|commente[rz]?|dissertation|avantages et (les )?inconvénients|analiza|interpreta|argumenta|ensayo|reflexiona|pros y contras|' +
    'analizza|discuti|saggio|tema su|analise|discuta|dissertação|ensaio|analyseer|bespreek|betoog|przeanalizuj|omów|rozprawka|проанализируй|обсуди|рассуждение|порассуждай|论述|分析.*(意义|影响|主题)|评论|議論|論じ|考察|분석|논하|विश्लेषण|حلل|ناقش|tartış',
);

export const creativeCues: readonly Cue[] = [
  shaped(
    'creative',
    3.2,
    'asks to write a piece of its own',
    ({ instruction }) => forms.test(instruction) && making.test(instruction),
  ),
  ...anywhere('creative', 1.2, 'names a form of writing', forms),
  asked('creative', 1.6, 'asks to imagine', imagining),
  asked('creative', 2, 'asks for an analysis', analysis),
  shaped(
    'creative',
    1,
    'asks for a letter or a text with a voice',
    ({ instruction }) =>
      making.test(instruction) &&
      /(?<!\p{L})(letter|post|message|invitation|card|article|review|biography|bio|brief|lettre|carta|lettera|письмо|post|beitrag|tone|warm|cheesy|playful|audience)(?!\p{L})/u.test(
        instruction,
      ),
  ),
];
