import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface, type Interface } from 'node:readline';
import type { Message } from '../chat/request.ts';
import { chatHelp, parseChatLine, type ChatLine } from './chat-command.ts';
import type { Command } from './command.ts';
import { ask, type Reply, type TalkOptions } from './conversation.ts';
import { connectGateway, type GatewayConnection } from './gateway-connection.ts';
import { describeModel } from './model-line.ts';
import { commandSettings } from './settings.ts';
import { readTalkOptions, talkOptionFlags } from './talk-options.ts';

/** Lines kept for the up-arrow, across sessions. */
const historyLength = 500;

export const chat: Command = {
  name: 'chat',
  usage: '[options]',
  description: [
    'Talks with a model in this terminal: the answer appears as it is made, up-arrow brings earlier lines back,',
    'Ctrl-C stops an answer, /help lists the commands. A running gateway is used if there is one.',
  ].join('\n'),
  options: talkOptionFlags,
  examples: ['nearfar chat', 'nearfar chat --model near --system "Answer in one sentence."'],
  run: async (input) => {
    const talk = readTalkOptions(input.options);
    const loaded = await commandSettings(input.options);
    const gateway = await connectGateway(loaded, talk.model, new AbortController().signal);
    const session = new ChatSession(
      gateway,
      talk,
      talk.system ?? null,
      path.join(loaded.home, 'chat-history'),
    );
    try {
      await session.run(await describeModel(loaded, talk.model));
    } finally {
      session.close();
      await gateway.close();
    }
    return 0;
  },
};

class ChatSession {
  readonly #gateway: GatewayConnection;
  readonly #historyPath: string;
  readonly #lines: Interface;
  readonly #isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  #options: TalkOptions;
  #system: string | null;
  #messages: Message[] = [];
  #answering: AbortController | null = null;
  #isOver = false;
  readonly #typed: string[] = [];
  #wake: () => void = () => undefined;
  /** Set by Ctrl-C at an empty prompt; the second one leaves. */
  #wantsToLeave = false;

  constructor(gateway: GatewayConnection, options: TalkOptions, system: string | null, historyPath: string) {
    this.#gateway = gateway;
    this.#options = options;
    this.#system = system;
    this.#historyPath = historyPath;
    this.#lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: this.#isTerminal,
      history: this.#isTerminal ? readHistory(historyPath) : [],
      historySize: historyLength,
      removeHistoryDuplicates: true,
    });
    this.#lines.on('history', (history: string[]) => {
      if (this.#isTerminal) writeHistory(historyPath, history);
    });
    this.#lines.on('SIGINT', () => {
      this.#interrupt();
    });
    this.#lines.on('line', (line) => {
      this.#typed.push(line);
      this.#wake();
    });
    this.#lines.on('close', () => {
      this.#isOver = true;
      // A terminal that is gone reads no answer; a pipe that ended still wants those to its last lines.
      if (this.#isTerminal) this.#answering?.abort();
      this.#wake();
    });
  }

  async run(model: string): Promise<void> {
    this.#say(`${model}\n${this.#gateway.description} /help lists the commands, Ctrl-D leaves.\n`);
    for (;;) {
      const line = await this.#readLine();
      if (line === null) break;
      await this.#obey(parseChatLine(line));
    }
    if (this.#isTerminal) process.stdout.write('\n');
  }

  close(): void {
    this.#lines.close();
  }

  async #readLine(): Promise<string | null> {
    const parts: string[] = [];
    for (;;) {
      const line = await this.#question(parts.length === 0 ? '> ' : '. ');
      if (line === null) return parts.length === 0 ? null : parts.join('\n');
      this.#wantsToLeave = false;
      if (!line.endsWith('\\')) return [...parts, line].join('\n');
      parts.push(line.slice(0, -1));
    }
  }

  /** `null` at the end of the input. Lines of a pipe come faster than answers, so they wait in a queue. */
  async #question(prompt: string): Promise<string | null> {
    if (this.#isTerminal && !this.#isOver) {
      this.#lines.setPrompt(prompt);
      this.#lines.prompt();
    }
    while (this.#typed.length === 0) {
      if (this.#isOver) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#typed.shift() ?? null;
  }

  #interrupt(): void {
    if (this.#answering !== null) {
      this.#answering.abort();
    } else if (this.#lines.line !== '' || !this.#wantsToLeave) {
      // As shells do: drop the line that was begun.
      this.#wantsToLeave = this.#lines.line === '';
      this.#lines.write(null, { ctrl: true, name: 'e' });
      this.#lines.write(null, { ctrl: true, name: 'u' });
      process.stdout.write(this.#wantsToLeave ? '\n(Ctrl-C again, or Ctrl-D, leaves)\n' : '\n');
      this.#lines.prompt();
    } else {
      this.#lines.close();
    }
  }

  async #obey(line: ChatLine): Promise<void> {
    switch (line.kind) {
      case 'empty':
        return;
      case 'help':
        this.#say(chatHelp);
        return;
      case 'exit':
        this.#typed.length = 0;
        this.#lines.close();
        return;
      case 'clear':
        this.#messages = [];
        this.#say('Forgotten.');
        return;
      case 'models':
        this.#say((await this.#gateway.modelIds()).join('\n'));
        return;
      case 'model':
        if (line.name !== null) this.#options = { ...this.#options, model: line.name };
        this.#say(`model: ${this.#options.model}`);
        return;
      case 'system':
        if (line.text !== null) this.#system = line.text === '-' ? null : line.text;
        this.#say(this.#system === null ? 'no system prompt' : `system: ${this.#system}`);
        return;
      case 'save':
        this.#save(line.file ?? `chat-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.md`);
        return;
      case 'retry':
        while (this.#messages.at(-1)?.role === 'assistant') this.#messages.pop();
        if (this.#messages.length === 0) this.#say('There is nothing to answer again.');
        else await this.#answer();
        return;
      case 'unknown':
        this.#say(`There is no ${line.word}; /help lists the commands.`);
        return;
      case 'say':
        this.#messages.push({ role: 'user', content: line.text });
        await this.#answer();
    }
  }

  async #answer(): Promise<void> {
    const system: Message[] = this.#system === null ? [] : [{ role: 'system', content: this.#system }];
    const answering = new AbortController();
    this.#answering = answering;
    try {
      const reply = await ask(
        this.#gateway.post,
        [...system, ...this.#messages],
        this.#options,
        this.#writer(),
        answering.signal,
      );
      if (!reply.text.endsWith('\n')) process.stdout.write('\n');
      // An answer that was cut short stays in the conversation: it is what the reader saw.
      if (reply.text !== '') this.#messages.push({ role: 'assistant', content: reply.text });
      if (this.#isTerminal) this.#say(describeReply(reply));
    } catch (thrown) {
      // The message is taken back, so that the next one does not follow one without an answer.
      if (this.#messages.at(-1)?.role === 'user') this.#messages.pop();
      process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    } finally {
      this.#answering = null;
    }
  }

  /** Reasoning is dimmed on a terminal, with a blank line before the answer; a pipe carries answers only. */
  #writer(): (text: string, kind: 'text' | 'reasoning') => void {
    let isReasoning = false;
    return (text, kind) => {
      if (kind === 'reasoning') {
        if (this.#isTerminal) process.stdout.write(`\x1b[2m${text}\x1b[0m`);
      } else {
        if (isReasoning && this.#isTerminal) process.stdout.write('\n\n');
        process.stdout.write(text);
      }
      isReasoning = kind === 'reasoning';
    };
  }

  #save(name: string): void {
    const system: Message[] = this.#system === null ? [] : [{ role: 'system', content: this.#system }];
    const messages = [...system, ...this.#messages];
    const text = name.endsWith('.json')
      ? JSON.stringify({ model: this.#options.model, messages }, null, 2)
      : messages.map((message) => `**${message.role}**\n\n${message.content}\n`).join('\n');
    try {
      writeFileSync(name, `${text}\n`, { flag: 'wx' });
      this.#say(`Wrote ${path.resolve(name)}`);
    } catch (thrown) {
      process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    }
  }

  /** What is not an answer: dimmed on a terminal, on standard error elsewhere, so that a pipe carries answers only. */
  #say(text: string): void {
    if (this.#isTerminal) process.stdout.write(`\x1b[2m${text}\x1b[0m\n`);
    else process.stderr.write(`${text}\n`);
  }
}

/** Measured here, at this end of the stream. */
function describeReply(reply: Reply): string {
  const parts = [`${reply.model ?? 'unknown model'}${reply.grade === null ? '' : ` (${reply.grade})`}`];
  if (reply.usage !== null) {
    const { promptTokens, cachedTokens, completionTokens } = reply.usage;
    const cached = cachedTokens > 0 ? ` (${cachedTokens} cached)` : '';
    parts.push(`${promptTokens} tokens in${cached}, ${completionTokens} out`);
    const decodeMs = reply.totalMs - (reply.firstTextMs ?? reply.totalMs);
    if (completionTokens > 1 && decodeMs > 0) {
      parts.push(`${(((completionTokens - 1) / decodeMs) * 1000).toFixed(0)} tokens/s`);
    }
  }
  if (reply.firstTextMs !== null) parts.push(`first text after ${reply.firstTextMs.toFixed(0)} ms`);
  if (reply.finishReason === 'interrupted') parts.push('stopped');
  if (reply.finishReason === 'length') parts.push('cut off at the longest length');
  return parts.join(' · ');
}

function readHistory(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .slice(0, historyLength);
}

/** Newest first, as readline keeps it. For its owner's eyes only: it holds what was said. */
function writeHistory(file: string, history: readonly string[]): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${history.join('\n')}\n`, { mode: 0o600 });
  } catch {
    // A home that cannot be written costs the history of lines, not the conversation.
  }
}
