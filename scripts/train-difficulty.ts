// Trains the difficulty model that ships with the package and writes src/route/difficulty/weights.json. Run again, it writes the same
// file: nothing in it is random.
//
//   npx node scripts/train-difficulty.ts --data ../shared/data
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readRouteFile, routeFiles } from '../bench/router/route-file.ts';
import { fitDifficulty } from '../src/route/difficulty/fit-difficulty.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: fileURLToPath(new URL('../../shared/data', import.meta.url)) },
    out: {
      type: 'string',
      default: fileURLToPath(new URL('../src/route/difficulty/weights.json', import.meta.url)),
    },
  },
});
const sets = await Promise.all(routeFiles.map((name) => readRouteFile(resolve(values.data), name)));
const weights = fitDifficulty(sets);
writeFileSync(values.out, `${JSON.stringify(weights, null, 2)}\n`);
process.stdout.write(
  `${sets.reduce((sum, { prompts }) => sum + prompts.length, 0)} questions; beside length: ${weights.amounts.join(', ')}\n`,
);
