import process from 'node:process';
import type { Message } from '../chat/request.ts';
import { jsonOption, UsageError, type Command, type CommandInput } from './command.ts';
import { ask } from './conversation.ts';
import { fileOptionFlags, readFileOptions } from './file-options.ts';
import { connectGateway } from './gateway-connection.ts';
import { commandSettings } from './settings.ts';
import { talkOptionFlags, readTalkOptions } from './talk-options.ts';

/** More than this from a pipe is a mistake: no context here holds it. */
const longestPipeBytes = 16 * 1024 * 1024;

export const run: Command = {
  name: 'run',
  usage: '[options] [PROMPT | --file PROMPTS --out ANSWERS]',
  description: [
    'Answers one prompt and exits. What comes through a pipe is put below the prompt, or is the prompt.',
    'The answer goes to standard output as it comes; everything else to standard error.',
    'A running gateway is used if there is one; otherwise the engine starts for this one answer.',
    '',
    'With --file, answers every line of a file by an engine of its own, at the lowest priority. Lines are',
    '{"id","prompt"}, {"id","messages",...} or the OpenAI batch form {"custom_id","method","url","body"}; all are',
    'checked before anything is computed. The same command again goes on where the last one stopped and asks again',
    'for what failed. Ends with 0 if every line has its answer, 1 if some failed, 130 after Ctrl-C.',
  ].join('\n'),
  options: { ...talkOptionFlags, ...fileOptionFlags, ...jsonOption },
  examples: [
    'nearfar run "Name three rivers in Europe."',
    'cat notes.txt | nearfar run "Summarise this in one sentence."',
    'nearfar run --json --seed 1 "Say hello."',
    'nearfar run --file prompts.jsonl --out answers.jsonl --max-tokens 200',
  ],
  run: async (input) => {
    const file = readFileOptions(input);
    if (file !== null) return (await import('./run-file.ts')).runFile(input, file);
    const prompt = await readPrompt(input);
    const talk = readTalkOptions(input.options);
    const messages: Message[] = [
      ...(talk.system === undefined ? [] : [{ role: 'system', content: talk.system } as const]),
      { role: 'user', content: prompt },
    ];
    const interrupt = new AbortController();
    const onSignal = () => {
      interrupt.abort();
    };
    process.once('SIGINT', onSignal);
    process.once('SIGTERM', onSignal);
    // `nearfar run ... | head`: the reader went away, and so does the request.
    process.stdout.on('error', onSignal);
    const gateway = await connectGateway(await commandSettings(input.options), talk.model, interrupt.signal);
    try {
      const asJson = input.options.flag('json');
      const reply = await ask(
        gateway.post,
        messages,
        talk,
        (text, kind) => {
          if (!asJson && kind === 'text') process.stdout.write(text);
        },
        interrupt.signal,
      );
      if (asJson) process.stdout.write(`${JSON.stringify(reply)}\n`);
      else if (!reply.text.endsWith('\n')) process.stdout.write('\n');
      return reply.finishReason === 'interrupted' ? 130 : 0;
    } finally {
      // The handlers stay: the process ends with this command, and without them a Ctrl-C that comes just after the last
      // word would end it by signal, as if the answer had not been whole.
      await gateway.close();
    }
  },
};

async function readPrompt(input: CommandInput): Promise<string> {
  const words = input.words.join(' ').trim();
  const piped = process.stdin.isTTY ? '' : await readPipe(words === '');
  const prompt = [words, piped].filter((part) => part !== '').join('\n\n');
  if (prompt === '') throw new UsageError('expected a prompt, as words or through a pipe');
  return prompt;
}

/**
 * Where a prompt was given in words, an input that is neither a file nor a pipe (a service manager's, a test's) is
 * not waited for.
 */
async function readPipe(isNeeded: boolean): Promise<string> {
  if (!isNeeded) {
    const { fstatSync } = await import('node:fs');
    try {
      const input = fstatSync(0);
      if (!input.isFIFO() && !input.isFile() && !input.isSocket()) return '';
    } catch {
      return '';
    }
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longestPipeBytes)
      throw new UsageError(`the piped text is longer than ${longestPipeBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8').trim();
}
