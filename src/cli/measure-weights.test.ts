import { expect, it } from 'vitest';
import { commandLine } from './measure-weights.ts';

it('names all that decides the figures, so that they can be measured again', () => {
  const given: Readonly<Record<string, string>> = { formats: 'Q8_0', imatrix: 'm.gguf', windows: '5' };
  const options = { text: (name: string) => given[name], flag: (name: string) => name === 'no-speed' };
  expect(commandLine('/models/a.gguf', options)).toBe(
    'nearfar measure --what weights --formats Q8_0 --imatrix m.gguf --windows 5 --no-speed a.gguf',
  );
});
