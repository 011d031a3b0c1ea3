/** `auto`: as far as it is expected to pay; a number: always so many tokens, where a drafter has them. */
export type SpeculationSetting = 'auto' | 'off' | number;
