/**
 * Traffic as providers of models see it, made from a seed: who asks what, and when. Bodies are Anthropic's messages; for
 * OpenAI they are rewritten. Only lengths, times and what is the same as before matter: the words are noise.
 */

import { seededRandom } from '../../src/random/seeded-random.ts';

export interface TracedRequest {
  /** Milliseconds from the beginning of the trace. */
  readonly at: number;
  readonly body: {
    readonly tools?: readonly object[];
    readonly system?: string;
    readonly messages: readonly TracedMessage[];
  };
}

export interface TracedMessage {
  readonly role: 'user' | 'assistant';
  readonly content: readonly Readonly<Record<string, unknown>>[];
}

export interface Trace {
  readonly name: string;
  readonly make: (seed: number, hours: number) => readonly TracedRequest[];
}

type Random = () => number;

const between = (random: Random, low: number, high: number): number => low + random() * (high - low);
/** Times of people: half of them below the median, a few far above. */
const logNormal = (random: Random, median: number, spread: number): number =>
  median * Math.exp(spread * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random());

const syllables = ['ka', 'ro', 'mi', 'ten', 'sul', 'va', 'dor', 'lin', 'pe', 'gra', 'no', 'shi', 'bel', 'ur'];

/** About so many tokens of words that mean nothing. */
function words(random: Random, tokenCount: number): string {
  const parts: string[] = [];
  for (let index = 0; index < tokenCount * 0.75; index += 1) {
    const length = 1 + Math.floor(random() * 3);
    let word = '';
    for (let at = 0; at < length; at += 1) word += syllables[Math.floor(random() * syllables.length)] ?? '';
    parts.push(word + (index % 12 === 11 ? '.\n' : ''));
  }
  return parts.join(' ');
}

const text = (content: string) => ({ type: 'text', text: content });
const user = (content: string): TracedMessage => ({ role: 'user', content: [text(content)] });
const assistant = (content: string): TracedMessage => ({ role: 'assistant', content: [text(content)] });
const inOrder = (requests: TracedRequest[]): readonly TracedRequest[] =>
  requests.sort((one, other) => one.at - other.at);
const hourMs = 3_600_000;

/**
 * Coding agents: one set of tools and instructions, tasks of 3 to 30 calls with seconds between them, people who read,
 * think or eat between tasks, and a short question for a title beside each session.
 */
const agent: Trace = {
  name: 'agent',
  make(seed, hours) {
    const random = seededRandom(seed * 3 + 1);
    const requests: TracedRequest[] = [];
    const tools = Array.from({ length: 9 }, (_, index) => ({
      name: `tool_${index}`,
      description: words(random, between(random, 60, 300)),
      input_schema: {
        type: 'object',
        properties: { path: { type: 'string', description: words(random, 20) } },
      },
    }));
    const system = words(random, between(random, 1500, 3500));
    const titles = words(random, 120);
    for (let begin = exponential(random, hourMs / 2.5); begin < hours * hourMs;) {
      let at = begin;
      const messages: TracedMessage[] = [];
      const first = words(random, between(random, 50, 600));
      requests.push({ at: at + 200, body: { system: titles, messages: [user(first)] } });
      const taskCount = 1 + Math.floor(exponential(random, 2.5));
      for (let task = 0; task < taskCount; task += 1) {
        messages.push(user(task === 0 ? first : words(random, between(random, 20, 200))));
        const callCount = 3 + Math.floor(random() * random() * 27);
        for (let call = 0; call < callCount; call += 1) {
          requests.push({ at, body: { tools, system, messages: [...messages] } });
          const id = `toolu_${task}_${call}`;
          messages.push({
            role: 'assistant',
            content: [
              text(words(random, between(random, 10, 60))),
              { type: 'tool_use', id, name: 'tool_1', input: { path: words(random, 8) } },
            ],
          });
          const result = words(random, Math.min(6000, logNormal(random, 350, 1)));
          messages.push({
            role: 'user',
            content: [{ type: 'tool_result', tool_use_id: id, content: result }],
          });
          at += 2000 + exponential(random, 12_000);
        }
        requests.push({ at, body: { tools, system, messages: [...messages] } });
        messages.push(assistant(words(random, between(random, 80, 400))));
        at += 5000 + logNormal(random, 200_000, 1.1);
      }
      begin += exponential(random, hourMs / 2.5);
    }
    return inOrder(requests);
  },
};

/**
 * Questions over retrieved passages: the same instructions, other passages each time, every fifth asked on about; and
 * questions in a row about one long document that somebody has open.
 */
const retrieval: Trace = {
  name: 'retrieval',
  make(seed, hours) {
    const random = seededRandom(seed * 3 + 2);
    const requests: TracedRequest[] = [];
    const system = words(random, between(random, 1100, 2600));
    const passages = Array.from({ length: 400 }, () => words(random, between(random, 150, 500)));
    for (let at = 0; at < hours * hourMs; at += exponential(random, 70_000)) {
      const found = Array.from({ length: 6 }, () => passages[Math.floor(random() ** 2 * 400)] ?? '');
      const messages = [user(`${found.join('\n\n')}\n\n${words(random, 25)}`)];
      requests.push({ at, body: { system, messages: [...messages] } });
      if (random() < 0.2) {
        messages.push(assistant(words(random, 150)), user(words(random, 25)));
        requests.push({ at: at + 20_000 + exponential(random, 60_000), body: { system, messages } });
      }
    }
    for (
      let begin = exponential(random, hourMs);
      begin < hours * hourMs;
      begin += exponential(random, hourMs)
    ) {
      const document = words(random, between(random, 4000, 15_000));
      let at = begin;
      const questionCount = 1 + Math.floor(exponential(random, 5));
      for (let question = 0; question < questionCount; question += 1) {
        const content = [text(document), text(words(random, between(random, 15, 60)))];
        requests.push({ at, body: { system, messages: [{ role: 'user', content }] } });
        at += 10_000 + logNormal(random, 110_000, 0.9);
      }
    }
    return inOrder(requests);
  },
};

/** Chats of many people with one assistant: most end after a few turns, and people take their time. */
const chat: Trace = {
  name: 'chat',
  make(seed, hours) {
    const random = seededRandom(seed * 3 + 3);
    const requests: TracedRequest[] = [];
    const system = words(random, between(random, 900, 2400));
    for (let begin = 0; begin < hours * hourMs; begin += exponential(random, 240_000)) {
      let at = begin;
      const messages: TracedMessage[] = [];
      const turnCount = 1 + Math.floor(exponential(random, 4));
      for (let turn = 0; turn < turnCount; turn += 1) {
        messages.push(user(words(random, logNormal(random, 60, 1.2))));
        requests.push({ at, body: { system, messages: [...messages] } });
        messages.push(assistant(words(random, logNormal(random, 250, 0.7))));
        at += 4000 + logNormal(random, 90_000, 1.3);
      }
    }
    return inOrder(requests);
  },
};

/** Documents that are read once each, under instructions too short to keep: there is nothing to gain. */
const once: Trace = {
  name: 'once',
  make(seed, hours) {
    const random = seededRandom(seed * 3 + 4);
    const requests: TracedRequest[] = [];
    for (let at = 0; at < hours * hourMs; at += exponential(random, 60_000)) {
      const system = `Today is day ${Math.floor(random() * 1e9)}.\n${words(random, 100)}`;
      requests.push({ at, body: { system, messages: [user(words(random, between(random, 1000, 6000)))] } });
    }
    return inOrder(requests);
  },
};

/** Jobs of a clock: long instructions, every half hour to every two hours, some of them with questions behind. */
const scheduled: Trace = {
  name: 'scheduled',
  make(seed, hours) {
    const random = seededRandom(seed * 3 + 5);
    const requests: TracedRequest[] = [];
    for (let job = 0; job < 4; job += 1) {
      const system = words(random, between(random, 1500, 8000));
      const everyMs = between(random, 0.5, 2) * hourMs;
      for (let at = random() * everyMs; at < hours * hourMs; at += everyMs * between(random, 0.9, 1.1)) {
        const messages = [user(words(random, between(random, 200, 1500)))];
        requests.push({ at, body: { system, messages: [...messages] } });
        if (random() < 0.3) {
          messages.push(assistant(words(random, 300)), user(words(random, 30)));
          requests.push({ at: at + 30_000, body: { system, messages } });
        }
      }
    }
    return inOrder(requests);
  },
};

/** A chat, and beside it prompts of the same tenant whose instructions begin with the time, so that none comes again. */
const mixed: Trace = {
  name: 'mixed',
  make(seed, hours) {
    const random = seededRandom(seed * 3 + 6);
    const rules = words(random, between(random, 1200, 4000));
    const stamped: TracedRequest[] = [];
    for (let at = 0; at < hours * hourMs; at += exponential(random, 120_000)) {
      const system = `It is ${Math.round(at)} ms past eight.\n${rules}`;
      stamped.push({ at, body: { system, messages: [user(words(random, 60))] } });
    }
    return inOrder([...stamped, ...chat.make(seed, hours)]);
  },
};

export const promptTraces: readonly Trace[] = [agent, retrieval, chat, scheduled, mixed, once];
