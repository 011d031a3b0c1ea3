import type { CapturedExchange } from '../capture/exchange.ts';

/** One exchange for a person: who said what, in turn. What has no plain form is shown as JSON. */
export function exchangeText({ prompt, answer, comment, ...head }: CapturedExchange): string {
  const place = head.answeringModel ?? 'no model';
  return [
    `${head.requestId} · ${new Date(head.startedAt).toISOString()} · ${head.keyName ?? 'no key'} · ${head.requestedModel ?? '?'} -> ${place} · ${head.finish} (${head.status})`,
    ...promptTurns(prompt),
    ...answerTurns(answer),
    ...(comment === undefined ? [] : [turn('said of it', comment)]),
    '',
  ].join('\n');
}

function promptTurns(prompt: unknown): readonly string[] {
  if (!isObject(prompt)) return [turn('prompt', prompt)];
  const { messages, kind: _, ...rest } = prompt;
  const turns: string[] = [];
  if (Array.isArray(messages)) {
    for (const message of messages as readonly unknown[]) {
      if (!isObject(message)) {
        turns.push(turn('message', message));
        continue;
      }
      const { role, content, ...others } = message;
      const name = typeof role === 'string' ? role : 'message';
      turns.push(turn(name, content));
      if (Object.keys(others).length > 0) turns.push(turn(`${name}, further`, others));
    }
  }
  const { text, ...options } = rest;
  if (text !== undefined) turns.push(turn('prompt', text));
  if (Object.keys(options).length > 0) turns.push(turn('options', options));
  return turns;
}

function answerTurns(answer: unknown): readonly string[] {
  const choices = isObject(answer) && 'isWhole' in answer ? answer['choices'] : answer;
  const note = choices === answer ? '' : ', broken off';
  if (!Array.isArray(choices)) return [turn('answer', answer ?? '(none)')];
  return (choices as readonly unknown[]).flatMap((choice, index) => {
    const name = choices.length === 1 ? `answer${note}` : `answer ${index + 1}${note}`;
    if (!isObject(choice)) return [turn(name, choice)];
    const { text, reasoning, toolCalls } = choice;
    return [
      ...(reasoning === undefined ? [] : [turn('thoughts', reasoning)]),
      turn(name, text),
      ...(toolCalls === undefined ? [] : [turn('calls', toolCalls)]),
    ];
  });
}

function turn(name: string, content: unknown): string {
  const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
  return `\n--- ${name}\n${printable(text)}`;
}

/** A captured text must not command the terminal that shows it. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
