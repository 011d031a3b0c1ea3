import { anchorOf } from './anchor-words.ts';
import { kindOf, matchesAround, type Detector } from './span.ts';
import { TextFacts } from './text-facts.ts';

/** What says of a whole text that it is not for others. The words stand there as marks or requests, not in a question about them. */
const patterns: readonly (readonly [string, RegExp])[] = [
  [
    'stamp',
    /(?:^|\n|reserved\. |[[(*#:>-]\s*)(?:strictly |highly |company |internal |client |business |commercial(?:ly)? |in )*(?:confidential(?:ity notice)?|(?:private|proprietary|privileged) (?:and|&) confidential|strictly private|for internal (?:eyes|use)(?: only)?|classified(?=\s*[:\])])|confidential (?:and|&) proprietary|internal(?: use)? only|restricted|top secret|company proprietary|attorney work[- ]product|trade secret|privileged|sensitive|for official use only|eyes only|draft - not for distribution|not for (?:public )?(?:release|distribution|circulation))\s*(?:[\])*:."”!—–-]|\n|$)/giu,
  ],
  [
    'request',
    /\b(?:please )?(?:do not|don['’]t|never|must not|may not|should not|shouldn['’]t|can['’]t be|cannot be|not to be) (?:be )?(?:share[d]?|forward(?:ed)?|distribute[d]?|disclose[d]?|circulate[d]?|publish(?:ed)?|repeat(?:ed)?|leak(?:ed)?|tell(?: anyone| anybody)?|mention(?:ed)?)\b(?: (?:this|it|that|these|any of (?:this|it)|with|to|outside|externally|anyone|publicly)\b)/giu,
  ],
  [
    'classified',
    /\b(?:classification|sensitivity|data class(?:ification)?|security level)(?: level)?\s*[:=]\s*(?:strictly |highly )?(?:confidential|restricted|internal|secret|top secret|private|sensitive)\b|\bTLP:\s?(?:RED|AMBER)(?:\+STRICT)?\b|\b(?:TOP )?SECRET\/\/\w+|\bNOFORN\b|\bU\/\/FOUO\b/giu,
  ],
  [
    'between_us',
    /\b(?:keep (?:this|it|that) (?:between us|confidential|secret|private|quiet|to yourself|under wraps|internal)|between you and me|off the record|strictly between|for your eyes only|in (?:strict |the strictest )?confidence|under (?:an? |strict )?(?:nda|non-?disclosure|embargo)|(?:signed|bound by|covered by|subject to) (?:an? |the |our )*(?:nda|non-?disclosure|confidentiality)|hush-?hush)\b/giu,
  ],
  [
    'not_public',
    /\b(?:(?:this|it|which|that|the (?:deal|news|product|merger|acquisition|launch|results?)) (?:is|was|are|has|have)(?:n['’]t| not)(?: yet)?(?: been)? (?:public(?:ly)?|announced|released|disclosed|published)(?: yet)?|not public yet\b|not yet (?:public|announced|disclosed|released to)|before (?:it|this|the news) (?:is|goes|becomes) public|(?:has|have)n['’]t (?:been )?announced|non-?public information|insider information|material non-?public)\b/giu,
  ],
  [
    'this_is',
    /\b(?:this|the following|the attached|what follows|attached|below|here)(?: \p{L}+){0,3} (?:is|are|contains?|includes?|has) (?:our |the |some |highly |strictly |very |company |a |an |all |internal )*(?:confidential|proprietary|classified|top secret|trade secrets?|sensitive (?:data|information)|privileged|internal[- ]only|for internal use)\b/giu,
  ],
];

const kinds = patterns.map(([name, pattern]) => kindOf('confidential', `confidential.${name}`, pattern));

export const around = {
  core: /\b(?:classification|sensitivity|data class|security level|tlp|noforn|u\/\/fouo|confidential|internal|restricted|secret|secrets|proprietary|privileged|sensitive|official use|attorney|not (?:yet|public)|eyes only|not for|(?:share|forward|distribute|disclose|circulate|publish|repeat|leak|tell|mention)(?:d|ed)?|keep (?:this|it|that)|between (?:us|you)|off the record|confidence|nda|non-?disclosure|embargo|hush|public|publicly|announced|released|disclosed|published|non-?public|insider|classified)\b/iy,
  anchor: anchorOf.marking,
  before: 80,
  after: 48,
};

/** Marks of confidence, and requests not to pass something on. */
export const marking: Detector = {
  name: 'marking',
  find: (text, facts = new TextFacts(text)) => matchesAround(facts, around, kinds),
};
