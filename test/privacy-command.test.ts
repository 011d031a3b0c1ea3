import { spawn } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const entry = path.resolve(import.meta.dirname, '../src/cli/main.ts');

async function privacy(args: readonly string[], input: string) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, 'privacy', ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once('close', resolve));
  const rows = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, rows, stderr };
}

describe('nearfar privacy', () => {
  it('says of each line what is sensitive in it, and why', async () => {
    const lines = [
      { id: 'a', text: 'Mail jane@example.com' },
      { id: 2, text: 'What is the sum of 2 and 3?' },
      {
        id: 'c',
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [{ type: 'image_url' }, { type: 'text', text: 'card 4111 1111 1111 1111' }],
          },
        ],
      },
    ];
    const { code, rows } = await privacy([], lines.map((line) => JSON.stringify(line)).join('\n'));
    expect(code).toBe(0);
    expect(rows).toEqual([
      { id: 'a', sensitive: true, spans: [{ start: 5, end: 21, type: 'email', detector: 'email' }] },
      { id: 2, sensitive: false, spans: [] },
      {
        id: 'c',
        sensitive: true,
        spans: [
          { start: 0, end: 0, type: 'unread', detector: 'unread.image_url', path: 'messages[1].content[0]' },
          {
            ...{ start: 5, end: 24, type: 'payment_card', detector: 'payment_card' },
            path: 'messages[1].content[1].text',
          },
        ],
      },
    ]);
  });

  it('redacts with one placeholder for one thing, over all messages of a line', async () => {
    const messages = ['From jane@example.com.', 'To jane@example.com and joe@example.com.'].map(
      (content) => ({
        role: 'user',
        content,
      }),
    );
    const { rows } = await privacy(['--redact'], JSON.stringify({ id: 1, messages }));
    expect(rows[0]?.['messages']).toEqual([
      { role: 'user', content: 'From [EMAIL_1].' },
      { role: 'user', content: 'To [EMAIL_1] and [EMAIL_2].' },
    ]);
  });

  it('names the lines that it cannot read, writes the others, and fails', async () => {
    const input = ['no json', '{"id": 1}', '{"id": 2, "text": "hello"}', '{"text": "hello"}'].join('\n');
    const { code, rows, stderr } = await privacy([], input);
    expect(code).toBe(1);
    expect(rows).toEqual([{ id: 2, sensitive: false, spans: [] }]);
    expect(stderr.split('\n').filter((line) => line !== '')).toEqual([
      'nearfar privacy: line 1: expected a JSON object',
      'nearfar privacy: line 2: expected either text or messages',
      expect.stringContaining('line 4: id:') as string,
    ]);
  });
});
