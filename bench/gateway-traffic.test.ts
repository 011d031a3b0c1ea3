import { describe, expect, it } from 'vitest';
import { answerText, chatBodies, numbered, promptMark, stubPieces, stubText } from './gateway-traffic.ts';

describe('the traffic of the gateway benchmark', () => {
  it('asks with prompts of 200 characters, no two alike', () => {
    const bodies = chatBodies('m', 'json').map((body) => Buffer.from(body));
    const prompts = Array.from({ length: 5000 }, (_, turn) => {
      const body = Buffer.from(numbered(bodies[turn % bodies.length]!, turn)).toString('utf8');
      return (JSON.parse(body) as { messages: { content: string }[] }).messages[0]?.content ?? '';
    });
    expect(new Set(prompts).size).toBe(5000);
    expect(prompts.every((prompt) => prompt.length === 200 && prompt.includes(promptMark))).toBe(true);
    expect(() => numbered(Buffer.from('{}'), 1)).toThrow('no place');
    expect(JSON.parse(chatBodies('m', 'sse', 1)[0] ?? '')).toMatchObject({ model: 'm', stream: true });
  });

  it('reads both kinds of answers, and takes no cut one', () => {
    const whole = JSON.stringify({ choices: [{ message: { content: stubText } }] });
    expect(answerText('json', whole)).toBe(stubText);
    const events = stubPieces.map(
      (content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`,
    );
    expect(answerText('sse', `${events.join('')}data: [DONE]\n\n`)).toBe(stubText);
    expect(() => answerText('sse', events.join(''))).toThrow(/\[DONE\]/);
    expect(() => answerText('json', '{"choices":[]}')).toThrow(/without text/);
  });
});
