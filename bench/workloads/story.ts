import type { Workload } from './workload.ts';

/** Free text: little of it was said before, so there is little to gain and something to lose. */
export const story: Workload = {
  name: 'story',
  prompts: [
    { user: 'Tell me a long story about a lighthouse keeper who finds a letter in a bottle.', begin: '' },
    {
      user: 'A train leaves at 8:15 and travels 120 km at 80 km/h, then 90 km at 60 km/h. When does it arrive? Think aloud.',
      begin: '',
    },
    { user: 'Explain to a child why the sky is blue and why sunsets are red.', begin: '' },
    { user: 'Write a dialogue between a gardener and a robot that wants to learn about flowers.', begin: '' },
  ],
};
