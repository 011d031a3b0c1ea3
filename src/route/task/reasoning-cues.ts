import { anyOf, asked, shaped, written, type Cue } from './cue.ts';

const quantity = anyOf(
  'how (many|much|long|old|far|fast|tall)|what (is|was|will be) the (total|average|probability|area|volume|perimeter|sum|difference|product|ratio|speed|distance|angle|cost|price|profit|percentage|remainder|value|minimum|maximum|odds|real)|' +
    'when (do|will|does) (they|it|he|she)|how (many|much) .* (left|remain|altogether|in total|each)|at (most|least)|find (the|x|all)|current age[s]?|what are they|what (day|time)|second cheaper|' +
    'wie ?viele?|wie (alt|lange|weit|schnell|hoch)|wann treffen|combien|quel(le)? (distance|âge|est la somme|est le prix)|à quelle (heure|distance)|cuánt[oa]s?|qué edad|qué distancia|quant[ioae]|quale distanza|hoeveel|hoe (oud|lang|ver)|ile|сколько|через сколько|какова вероятность|' +
    '多少|几[只个岁天元]|各有|何(km|キロ|円|人|個|歳|分|時間|枚|本|[キ个])|いくつ|いくら|몇|얼마|कितन[ेाी]|كم|kaç|ne kadar',
);

const mathematics = anyOf(
  'prove|proof|derive|derivative|differentiate|integral|integrate|solve (for|the|this|it)?|equation[s]?|inequality|probability|calculate|compute|evaluate the|simplify|factor(i[sz]e)?|theorem|lemma|induction|matrix|determinant|eigenvalue[s]?|modulo|mod \\d+|divisible|prime number[s]?|' +
    'square root|logarithm|polynomial|consecutive|arithmetic|geometric (series|progression)|combinatorics|permutation[s]?|how many ways|in how many|expected value|percent(age)?|triangle|hypotenuse|angle|' +
    'beweis*|berechne*|löse|gleichung|ableitung|wahrscheinlichkeit|démontre*|prouve*|calcule[rz]?|résou[sd]*|équation|dérivée|probabilité|récurrence|demuestra|calcula|resuelve|ecuación|derivada|probabilidad|dimostra|calcola|risolvi|equazione|derivata|probabilità|' +
    'demonstre|calcule|resolva|equação|bereken|bewijs|los .* op|vergelijking|oblicz|udowodnij|rozwiąż|równanie|докажи*|вычисли|реши|уравнени[ея]|вероятность|证明|计算|求解?|解方程|方程|概率|証明|計算|求め|解い?て|方程式|確率|증명|계산|구하|풀어|हल कर|सिद्ध|احسب|أثبت|حل المعادلة|hesapla|çöz|kanıtla',
);

const logic = anyOf(
  'does it follow|can we conclude|what (can|follows)|valid argument|argument valid|logically|syllogism|puzzle|riddle|who (is )?(lying|lies|tells the truth|owns)|knight[s]?|knave[s]?|all labels are wrong|exactly one of|at least two of|deduce|infer|therefore|lies|tells the truth|' +
    'comes next|next (number|term)|pattern|sequence|balance|weighings?|torch|jug[s]?|lockers?|coins?|' +
    'rätsel|folgt daraus|schließen|énigme|peut-on conclure|acertijo|se puede concluir|indovinello|enigma|charada|zagadka|загадка|следует ли|推理|谜|鸡兔同笼|なぞなぞ|推論|数列|수열',
);

const planning = anyOf(
  'step[- ]by[- ]step|show (your|the|all) (work|working|steps|assumptions)|think (carefully|step)|reason (through|step|about)|such that|subject to|constraint[s]?|optimal|optimi[sz]e the|cheapest|quickest|fastest|shortest (route|path)|minimi[sz]e|maximi[sz]e|schedule .* (such|so) that|' +
    'plan (a|the) .*(schedule|route|rota|itinerary)|estimate (how|the number)|fermi|how would .* respond|what would happen if|trade-?off|schritt für schritt|étape par étape|paso a paso|passo a passo|passo dopo passo|stap voor stap|krok po kroku|пошагово|по шагам|一步一步|逐步|段階的|단계별',
);

const comparatives =
  /(?<!\p{L})(taller|shorter|older|younger|heavier|lighter|faster|slower|left of|right of|next to|twice|half|double|third of|times as|more than|less than|doppelt|halb|deux fois|moitié|el doble|mitad|tercio|il doppio|dobro|metade|terço|вдвое|старше|младше)(?!\p{L})|倍|年上|年下|分之/gu;
const operation =
  /\d\s*[-+*/×÷^%=]\s*\(?-?\d|\d\s*%\s*(of|von|de|di|do|от)|[a-z]\s*[-+*/^]\s*[a-z\d]\s*=|\d?[a-z]\s*[-+=]\s*-?\d|=\s*\d+\s*(and|,|und|et|y|e|и)|\bf\(\w+\)|\bx\^?\d?\b.*=|[a-z]\^\d|√|∑|∫/u;
const amounts =
  /\d+([.,]\d+)?\s*(%|\$|€|£|km|cm|mm|m\b|mph|kg|g\b|l\b|lit(er|re)s?|hours?|h\b|min(utes?)?|days?|years?|weeks?|euros?|cents?|dollars?|miles?|people|stunden|jahre|heures?|jours?|horas?|días|ore|giorni|anos|часов|км|конфет|个|只|元|岁|km|円|人|歳|分|個)|[$€£]\s*\d/u;

export const reasoningCues: readonly Cue[] = [
  shaped(
    'reasoning',
    2.4,
    'asks for a quantity that given numbers decide',
    ({ whole, instruction, numberCount }) =>
      numberCount >= 2 && (quantity.test(instruction) || quantity.test(whole)),
  ),
  shaped(
    'reasoning',
    1.2,
    'asks about several numbers',
    ({ instruction, numberCount, isQuestion }) => numberCount >= 2 && isQuestion && /\d/.test(instruction),
  ),
  shaped(
    'reasoning',
    1.2,
    'holds several amounts',
    ({ whole, numberCount }) => numberCount >= 2 && amounts.test(whole),
  ),
  shaped('reasoning', 0.6, 'holds several numbers', ({ numberCount }) => numberCount >= 3),
  shaped(
    'reasoning',
    1.6,
    'compares several things',
    ({ whole }) => (whole.match(comparatives)?.length ?? 0) >= 2,
  ),
  shaped(
    'reasoning',
    1.5,
    'asks for a quantity from a comparison',
    ({ whole }) => quantity.test(whole) && (whole.match(comparatives)?.length ?? 0) >= 1,
  ),
  asked('reasoning', 2.2, 'asks for mathematics', mathematics),
  written('reasoning', 1.5, 'holds a calculation', operation),
  asked('reasoning', 1.6, 'is a puzzle or an inference', logic),
  asked('reasoning', 1.6, 'asks for steps, or a plan under conditions', planning),
  shaped(
    'reasoning',
    1.2,
    'draws a conclusion from premises',
    ({ whole }) =>
      /^(if|all|some|no|every|given|wenn|alle|si|se|если|如果)(?!\p{L})/u.test(whole) &&
      /[??]|prove|conclude|find/u.test(whole),
  ),
];
