import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { realGateway, type RealGateway } from './real-gateway.ts';

let gateway: RealGateway;
let client: OpenAI;

beforeAll(async () => {
  // What is tested is what is read, not how fast this machine is.
  const classes = { voice: { firstTokenMs: 30_000 } };
  gateway = await realGateway({}, { engine: { classes } });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'none', maxRetries: 0 });
}, 120_000);

afterAll(async () => {
  await gateway.close();
});

type Messages = OpenAI.ChatCompletionMessageParam[];

async function speak(messages: Messages) {
  const answer = await client.chat.completions.create(
    { model: 'auto', temperature: 0, max_completion_tokens: 8, messages },
    { headers: { 'x-nearfar-priority': 'voice' } },
  );
  const cachedCount = answer.usage?.prompt_tokens_details?.cached_tokens ?? 0;
  return {
    text: answer.choices[0]?.message.content ?? '',
    uncachedCount: (answer.usage?.prompt_tokens ?? 0) - cachedCount,
  };
}

it('has read all of the next turn of a spoken conversation but its words and what follows them', async () => {
  const messages: Messages = [
    { role: 'system', content: 'You are a guide through the old town.' },
    { role: 'user', content: 'Good morning.' },
  ];
  const first = await speak(messages);
  expect(first.uncachedCount).toBeGreaterThan(15);
  messages.push({ role: 'assistant', content: first.text }, { role: 'user', content: 'Yes' });
  // Nobody else asks anything meanwhile.
  await sleep(1000);
  const second = await speak(messages);
  // The word itself, the end of the turn, and the beginning of the answer: <|im_end|> \n <|im_start|> assistant \n. Before
  // it are six more, the answer's last among them.
  expect(second.uncachedCount).toBeLessThanOrEqual(8);
});
