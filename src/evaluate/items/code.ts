/**
 * JavaScript, and what it prints; a test runs each and compares. The model is asked for the output: nothing that a model
 * writes is ever run.
 */
export const outputItems: readonly (readonly [source: string, output: string])[] = [
  ['console.log([1, 2, 3].length);', '3'],
  ["console.log('abc'.toUpperCase());", 'ABC'],
  ['console.log(7 % 3);', '1'],
  ["console.log('a' + 1 + 2);", 'a12'],
  ['console.log(1 + 2 + "a");', '3a'],
  ['console.log([3, 1, 2].sort().join("-"));', '1-2-3'],
  ['let x = 5;\nx += 3;\nconsole.log(x * 2);', '16'],
  ['const a = [1, 2];\nconst b = a;\nb.push(3);\nconsole.log(a.length);', '3'],
  ['for (let i = 0; i < 3; i++) {\n  if (i === 1) continue;\n  console.log(i);\n}', '0\n2'],
  ['console.log(typeof null);', 'object'],
  ['console.log([1, 2, 3].map((n) => n * n).join(","));', '1,4,9'],
  ["console.log('hello'.slice(1, 3));", 'el'],
  ['console.log([5, 8, 2].indexOf(8));', '1'],
  ['function f(n) {\n  return n < 2 ? n : f(n - 1) + f(n - 2);\n}\nconsole.log(f(7));', '13'],
  ['console.log(0.1 + 0.2 === 0.3);', 'false'],
  ['console.log([1, 2, 3, 4].filter((n) => n % 2 === 0).length);', '2'],
  ["console.log('racecar'.split('').reverse().join(''));", 'racecar'],
  ['let total = 0;\nfor (const n of [4, 5, 6]) total += n;\nconsole.log(total);', '15'],
  ['console.log(Math.max(3, 9, 4) - Math.min(3, 9, 4));', '6'],
  ['console.log([] + []);\nconsole.log("end");', '\nend'],
  ['const o = { a: 1, b: 2 };\nconsole.log(Object.keys(o).length);', '2'],
  ['console.log(parseInt("42px", 10));', '42'],
  ['console.log([1, [2, 3]].flat().length);', '3'],
  ["console.log('x'.repeat(4));", 'xxxx'],
];

/** [question, options, right option]. */
export const codeChoices: readonly (readonly [string, readonly string[], string])[] = [
  ['Which keyword defines a function in Python?', ['def', 'func', 'lambda', 'function'], 'def'],
  ['Which SQL clause filters rows before grouping?', ['WHERE', 'HAVING', 'ORDER BY', 'LIMIT'], 'WHERE'],
  [
    'Which git command shows which files have changed but are not committed?',
    ['git status', 'git push', 'git clone', 'git tag'],
    'git status',
  ],
  [
    'What is the time complexity of binary search in a sorted array?',
    ['O(1)', 'O(log n)', 'O(n)', 'O(n^2)'],
    'O(log n)',
  ],
  ['Which HTTP status code means "not found"?', ['200', '301', '404', '500'], '404'],
  ['Which data structure is first in, first out?', ['stack', 'queue', 'tree', 'set'], 'queue'],
  ['Which symbol begins a comment in Python?', ['#', '//', '--', ';'], '#'],
  ['In `if (x = 5)` in C, what was most likely meant instead of `=`?', ['==', '+=', '=>', '!='], '=='],
  ['Which shell command lists the files in a folder?', ['ls', 'cd', 'rm', 'cat'], 'ls'],
  ['Which of these is a valid JSON value?', ["{'a': 1}", '{"a": 1}', '{a: 1}', '{"a": 1,}'], '{"a": 1}'],
  ['Which regular expression matches one or more digits?', ['\\d+', '\\w*', '[a-z]+', '^$'], '\\d+'],
  ['Which CSS property changes the colour of text?', ['color', 'background', 'border', 'display'], 'color'],
];

/** [what to write as JSON, value]. */
export const jsonItems: readonly (readonly [string, unknown])[] = [
  [
    'an object with the key "name" set to the string "Ada" and the key "age" set to the number 36',
    { name: 'Ada', age: 36 },
  ],
  ['an array of the three numbers 1, 2 and 3', [1, 2, 3]],
  ['an object with the key "ok" set to true', { ok: true }],
  [
    'an object with the key "tags" set to an array of the strings "red" and "blue"',
    { tags: ['red', 'blue'] },
  ],
];
