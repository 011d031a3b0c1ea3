import { anyOf, anywhere, asked, shaped, written, type Cue } from './cue.ts';

const languages = anyOf(
  'python|javascript|typescript|java|c\\+\\+|c#|f#|rust|golang|in go|into go|haskell|kotlin|swift|php|ruby|perl|scala|elixir|erlang|clojure|ocaml|lua|matlab|julia|fortran|cobol|dart|' +
    'sql|mysql|postgres(ql)?|sqlite|mongodb|bash|shell|zsh|powershell|awk|sed|grep|jq|html|css|scss|react|vue|angular|svelte|node(\\.js)?|express|django|flask|fastapi|spring|rails|laravel|' +
    'docker|dockerfile|docker-compose|kubernetes|kubectl|helm|terraform|ansible|nginx|git|github actions|npm|pip|webpack|vite|cmake|makefile|gcc|' +
    'numpy|pandas|pytorch|tensorflow|pytest|jest|junit|regex|regexp|vim|emacs|graphql|grpc|let, var|var and const|chmod|chown|json schema|yaml|xml|xpath|useeffect|usestate|flexbox|leetcode',
);

const things = anyOf(
  'function|functions|script|method|class (that|hierarchy|in|for|named|called)|unit tests?|test cases?|api|endpoint|query|compile[rs]?|compilation|bug|bugs|stack ?trace|traceback|exception|segfault|segmentation fault|' +
    'refactor*|debug*|code|snippet|algorithm|program|one-?liner|regular expression|type hints?|null ?pointer|undefined|typeerror|syntax error|time complexity|big-?o|recursion|data structure|linked list|' +
    'manifest|cron ?job|pull request|pr|diff|commit|merge conflict|div|component|async|await|promise|thread-?safe|mutex|memory leak|' +
    'funktion|skript|programmier*|fehlermeldung|quelltext|fonction|requête sql|programme|función|código|consulta|funzione|codice|função|functie|programma|funkcj*|skrypt|kod|функци*|скрипт|запрос|код|массив*|' +
    '函数|代码|脚本|编程|算法|関数|コード|スクリプト|プログラム|함수|코드|स्क्रिप्ट|फ़ंक्शन|कोड|دالة|كود|برنامج|fonksiyon',
);

const doing = anyOf(
  'implement|refactor|debug|fix (this|the|my) (bug|code|function|script|error|query)|convert (this|the) .* (to|into)|rewrite .* in|add (a|an|type|error|retry|logging|tests)|write (a|an|unit|some|the|me a)|create (a|an)|' +
    'generate (a|an)|build (a|an)|make (a|an)|optimi[sz]e|review (this|the|my)|complete the|parse|design (a|an)|explain what this|what does this (code|function|script|do)|' +
    'schreib*|erstelle|implementiere|écris|crée|implémente|escribe|crea|implementa|scrivi|escreva|crie|schrijf|napisz|напиши|создай|写|实现|作成|書いて|書き換え|작성|만들어|लिखो|लिखें|اكتب|yaz',
);

/** Lines that are code, a diff, a trace or a log. */
const codeLine =
  /^\s*(def |class \w+.*[:{]|import \w+|from \w+ import|#include|(public|private|static|const|let|var|int|void|return|func|fn|package|using|async) [^.?!]*[;={(]|if \(|for \(|while \(|for \w+ in .*:?$|if .*:$|\}|\{|<\/?\w+[^>]*>|[+-]\s{2,}\S|at \w+[.\w]*\(|File "|Traceback|>>> |\$ \w+|SELECT .* FROM|CREATE TABLE|FROM \w+:|services:|apiVersion:)/m;
const codeMarks =
  /=>|\w+\([^)]*\)\s*[;{]|\w+\.\w+\([^)]*\)|;\s*(\n|$)|\bSELECT\b[\s\S]*\bFROM\b|&&|\|\||!==?|===?|\+=|::|<\/\w+>|\$\{|\bconsole\.log|System\.out|printf\(|\w+\[\w+\]|NR>|#!\/|\\[dws][+*]|--\w+|(^|\s)-[a-zA-Z]{1,3}\s/m;
const errorName =
  /\b[A-Z]\w*(Error|Exception)\b|\bE(NOENT|ACCES|CONNREFUSED|CONNRESET|ADDRINUSE|PERM|XIST|PIPE|TIMEDOUT|RESOLVE)\b|exit(s|ed)? .*code \d+|status code \d{3}|\bNoneType\b|\bNaN\b/;

export const codeCues: readonly Cue[] = [
  ...anywhere('code', 2, 'names a programming language or tool', languages),
  ...anywhere('code', 1, 'speaks of code', things),
  shaped(
    'code',
    0.9,
    'asks to make or mend code',
    ({ instruction }) => doing.test(instruction) && (things.test(instruction) || languages.test(instruction)),
  ),
  written('code', 1.6, 'holds lines of code', codeLine),
  written('code', 1.1, 'holds marks of code', codeMarks),
  written('code', 1.5, 'holds a fenced block', /```/),
  written('code', 1.5, 'names an error of a program', errorName),
  written(
    'code',
    1.1,
    'names things as code does',
    /`[^`\n]+`|\b[a-z]+_[a-z_]+\(|\b[a-z]+[A-Z]\w*\(|\.(py|js|ts|java|cpp|rs|go|sh|csv|ya?ml|json)\b/,
  ),
  asked(
    'code',
    1,
    'asks about a command line',
    /(command|terminal|cli|flag|stdin|stdout|pipe|cron|ssh|systemd|files? over|rename .*files|files .*\.\w{2,4})(?!\p{L})/u,
  ),
];
