import { request } from 'undici';

/** The counters of nearfar's /metrics page that are kept by class, summed over models. */
export interface ClassCounters {
  readonly swapOuts: number;
  readonly resumedTokens: number;
  readonly recomputedTokens: number;
}

export async function readClassCounters(origin: string, priority: string): Promise<ClassCounters> {
  const { body } = await request(`${origin}/metrics`);
  const page = await body.text();
  const of = (name: string): number => {
    const lines = page.split('\n').filter((line) => line.startsWith(`nearfar_class_${name}_total{`));
    const own = lines.filter((line) => line.includes(`class="${priority}"`));
    if (own.length === 0) throw new Error(`/metrics has no ${name} of ${priority}`);
    return own.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
  return {
    swapOuts: of('swap_outs'),
    resumedTokens: of('resumed_tokens'),
    recomputedTokens: of('recomputed_tokens'),
  };
}
