import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { defaultModelPath, openNearfar } from './nearfar.ts';
import { proseWords } from './prompts.ts';
import { killServers } from './child-server.ts';
import { arrivals, capacityOf, endingOf, sendAll } from './open-loop.ts';
const home = await mkdtemp(join(tmpdir(), 'nf-'));
const modelPath = await defaultModelPath(join(process.env['HOME'] ?? '', '.nearfar'));
const nearfar = openNearfar({ home, modelPath, threadCount: 2, settings: process.argv.slice(2) });
const side = await nearfar.start();
const job = (seed: number, w: number, o: number, p: string) => ({ system: null, user: proseWords(seed, w).join(' '), outputTokenCount: o, headers: { 'x-nearfar-priority': p } });
const opt = { atOnce: 16, settleMs: 1000, measureMs: 5000 };
console.log('bulk/s', await capacityOf(side, (i) => job(100000 + i, 120, 32, 'bulk'), opt));
console.log('people/s', await capacityOf(side, (i) => job(200000 + i, 30, 12, 'interactive'), opt));
const stat = async () => { const { body } = await request(`${side.origin}/metrics`); const t = await body.text(); return ['nearfar_kv_cells_used', 'nearfar_kv_cells_idle','nearfar_host_cache_bytes','nearfar_offloaded_tokens_total','nearfar_disk_written_bytes_total', 'nearfar_engine_steps_total','nearfar_running_requests','nearfar_batch_tokens', 'nearfar_queue_requests'].map((n) => `${n.replace('nearfar_','')}=${t.split('\n').find((l) => l.startsWith(n + '{'))?.split(' ').at(-1)}`).join(' '); };
for (const [what, rate, bulkRate] of [['people', 5, 0], ['both', 5, 7]] as const) {
  const times = arrivals({ rate, seed: 300, job: () => job(1, 1, 1, '') }, (c) => c >= 75);
  const end = times.at(-1) ?? 0;
  const bt = bulkRate > 0 ? arrivals({ rate: bulkRate, seed: 9, job: () => job(1, 1, 1, '') }, (_, at) => at > end) : [];
  const t = setInterval(() => { void stat().then((s) => console.log(s)); }, 2000);
  const [e, b] = await Promise.all([sendAll(side, times, (i) => job(500000 + rate * 1000 + bulkRate * 100000 + i, 30, 12, 'interactive'), end + 40000), sendAll(side, bt, (i) => job(700000 + i, 120, 32, 'bulk'), end + 60000)]);
  clearInterval(t);
  console.log(what, e.map((x, i) => `${Math.round((times[i] ?? 0) / 100) / 10}s:${x.kind === 'finished' ? Math.round(x.firstTokenMs) : x.kind}`).join(' '));
  const f = e.flatMap((x) => x.kind === 'finished' ? [x.firstTokenMs] : []).sort((a, c) => a - c);
  console.log('p50', f[Math.floor(f.length / 2)], 'p95', f[Math.floor(f.length * 0.95)], 'bulk', b.filter((x) => x.kind === 'finished').length, 'of', b.length);
}
await side.stop(); killServers(); await rm(home, { recursive: true });
