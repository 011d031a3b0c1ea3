import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Benchmark, Side } from './benchmark.ts';
import { rounded } from './stats.ts';

const connectionCount = 16;
const answersPerLife = 110;
/** After the last counted answer the server lives on for up to this long, so that kills fall anywhere. */
const extraLifeMs = 300;

/**
 * Lives of one server over one home, each ended by SIGKILL while `connectionCount` clients ask one question after the
 * other, half of them streaming. A client that read an answer to its end writes down the answer's request id; after a
 * last, clean life each of these ids must be a row, once, in the ledger that the server left behind.
 */
export const ledger: Benchmark = async (setup) => {
  const killCount = setup.repeatCount ?? (setup.quick ? 3 : 20);
  const ended = new Map<string, number>();
  let brokenCount = 0;
  for (let life = 0; life < killCount; life++) {
    setup.progress(`life ${life + 1} of ${killCount}, ${ended.size} answers`);
    const side = await setup.nearfar.start();
    const pool = new Agent({ connections: connectionCount });
    const goal = ended.size + answersPerLife;
    let isOver = false;
    const clients = Array.from({ length: connectionCount }, async (_, index) => {
      while (!isOver) {
        const end = await askToTheEnd(side, pool, index % 2 === 0);
        if (end === null) brokenCount++;
        else ended.set(end.requestId, end.completionTokenCount);
        if (end === null) return;
      }
    });
    while (ended.size < goal) {
      await sleep(5);
      if (brokenCount > connectionCount * (life + 1))
        throw new Error(`${side.label}: answers broke off:\n${side.log()}`);
    }
    await sleep(Math.random() * extraLifeMs);
    await side.kill();
    isOver = true;
    await Promise.all(clients);
    await pool.destroy();
  }
  setup.progress('a last life, which takes the journals in');
  const last = await setup.nearfar.start();
  await last.stop();

  const rows = readRows(join(setup.nearfar.home, 'ledger.sqlite'));
  const lost = [...ended.keys()].filter((id) => !rows.has(id));
  const wrong = [...ended].filter(([id, tokenCount]) => (rows.get(id) ?? tokenCount) !== tokenCount);
  if (wrong.length > 0)
    throw new Error(`${wrong.length} rows tell another number of tokens than their answer`);
  return {
    figures: { lost: lost.length, answers: ended.size, kills: killCount },
    targets: [{ key: 'lost', value: lost.length, atMost: 0 }],
    rows: [
      {
        label: `${killCount} kills`,
        cells: {
          'answers read to the end': ended.size,
          'of these without a row': lost.length,
          'answers broken off by a kill': brokenCount,
          'rows in all': rows.size,
          'answers per life': rounded(ended.size / killCount),
        },
      },
    ],
    notes: [
      `${connectionCount} clients in a closed loop, every second one streaming, one or two tokens an answer; SIGKILL to the ` +
        `gateway's process at a random moment within ${extraLifeMs} ms after ${answersPerLife} answers. Request ids are unique ` +
        'in the ledger, and the completion tokens of each row are those of its answer. A power cut is not what is tested: rows ' +
        'are handed to the operating system without fsync.',
    ],
  };
};

interface End {
  readonly requestId: string;
  readonly completionTokenCount: number;
}

/** `null`: the connection broke before the answer's end. */
async function askToTheEnd(side: Side, pool: Agent, isStreamed: boolean): Promise<End | null> {
  let text: string;
  let requestId: string;
  try {
    const response = await request(`${side.origin}/v1/chat/completions`, {
      method: 'POST',
      dispatcher: pool,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'near',
        messages: [{ role: 'user', content: 'Hello.' }],
        max_tokens: isStreamed ? 2 : 1,
        stream: isStreamed,
        ...(isStreamed ? { stream_options: { include_usage: true } } : {}),
      }),
    });
    requestId = String(response.headers['x-request-id']);
    text = await response.body.text();
    if (response.statusCode !== 200) throw new Error(`${side.label}: ${response.statusCode} ${text}`);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith(side.label)) throw error;
    return null;
  }
  // A kill in the middle of a chunked body is an error to the client; these are the ends that the protocol itself has.
  if (!text.trimEnd().endsWith(isStreamed ? 'data: [DONE]' : '}')) return null;
  const count = /"completion_tokens":\s*(\d+)/.exec(text)?.[1];
  if (count === undefined) throw new Error(`${side.label}: an answer without usage: ${text}`);
  return { requestId, completionTokenCount: Number(count) };
}

function readRows(path: string): ReadonlyMap<string, number> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare('select request_id, completion_tokens from ledger').all();
    return new Map(rows.map((row) => [String(row['request_id']), Number(row['completion_tokens'])]));
  } finally {
    database.close();
  }
}
