import { afterEach, describe, expect, it } from 'vitest';
import type { NearfarError } from '../../chat/error.ts';
import type { Message } from '../../chat/request.ts';
import {
  createTemplateRenderer,
  type TemplateRenderer,
  type TemplateRendererSetup,
} from './chat-template.ts';

const generation = { addGenerationPrompt: true } as const;
const hello: Message = { role: 'user', content: 'hello' };
/** Loops for ever on the message `loop`, in steps short enough to be believable. */
const looping =
  "{% if messages[0].content == 'loop' %}{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}{% endif %}" +
  '{{ messages[0].content }}!';

const open: TemplateRenderer[] = [];
function renderer(setup: Partial<TemplateRendererSetup>): TemplateRenderer {
  const created = createTemplateRenderer({ template: null, bosToken: '', eosToken: '', ...setup });
  open.push(created);
  return created;
}

async function failure(promise: Promise<string>): Promise<NearfarError> {
  return promise.then(
    (text) => {
      throw new Error(`rendered ${text}`);
    },
    (error: unknown) => error as NearfarError,
  );
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((created) => created.close()));
});

describe('createTemplateRenderer', () => {
  it('falls back to ChatML and says so', async () => {
    const chatml = renderer({});
    expect(await chatml.render({ messages: [hello] }, generation)).toBe(
      '<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n',
    );
    expect(await chatml.facts()).toEqual({
      source: 'chatml',
      knowsSystemRole: true,
      knowsTools: false,
      toolFamily: 'generic',
      problem: null,
    });
  });

  it('renders many at once, each its own', async () => {
    const plain = renderer({ template: '{{ messages[0].content }}' });
    const texts = Array.from({ length: 50 }, (_, index) => `text ${index}`);
    const rendered = await Promise.all(
      texts.map((content) => plain.render({ messages: [{ role: 'user', content }] }, generation)),
    );
    expect(rendered).toEqual(texts);
  });

  it("passes on a template's refusal as the sender's mistake", async () => {
    const error = await failure(
      renderer({ template: "{{ raise_exception('no ' + 'way') }}" }).render(
        { messages: [hello] },
        generation,
      ),
    );
    expect(error).toMatchObject({ kind: 'invalid_request', field: 'messages' });
    expect(error.message).toContain('no way');
  });

  it("tells a template's own fault from it", async () => {
    expect(
      await failure(renderer({ template: '{{ nothing() }}' }).render({ messages: [hello] }, generation)),
    ).toMatchObject({
      kind: 'internal',
    });
    const broken = renderer({ template: '{% for %}' });
    expect((await broken.facts()).problem).not.toBeNull();
    expect(await failure(broken.render({ messages: [hello] }, generation))).toMatchObject({
      kind: 'internal',
    });
  });

  it('ends a runaway and answers the others that were waiting', async () => {
    const runaway = renderer({ template: looping, timeoutMs: 300 });
    await runaway.facts();
    const stuck = failure(runaway.render({ messages: [{ role: 'user', content: 'loop' }] }, generation));
    const behind = runaway.render({ messages: [hello] }, generation);
    expect(await stuck).toMatchObject({ kind: 'timeout' });
    expect(await behind).toBe('hello!');
    expect(await runaway.render({ messages: [hello] }, generation)).toBe('hello!');
  });

  it('does not blame the template for a pause of this thread', async () => {
    const prompt = renderer({ template: '{{ messages[0].content }}', timeoutMs: 100 });
    await prompt.facts();
    const rendering = prompt.render({ messages: [hello] }, generation);
    const until = performance.now() + 300;
    while (performance.now() < until);
    expect(await rendering).toBe('hello');
  });

  it('bounds output and memory', async () => {
    const long = renderer({
      template: '{% for i in range(5000) %}0123456789{% endfor %}',
      maxOutputChars: 1_000,
    });
    expect(await failure(long.render({ messages: [hello] }, generation))).toMatchObject({
      kind: 'too_large',
    });
    const greedy = renderer({
      template:
        "{% if messages[0].content == 'eat' %}{% set ns = namespace(l=[1]) %}" +
        '{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}{% endif %}ok',
      timeoutMs: 30_000,
    });
    expect(
      await failure(greedy.render({ messages: [{ role: 'user', content: 'eat' }] }, generation)),
    ).toMatchObject({
      kind: 'internal',
    });
    expect(await greedy.render({ messages: [hello] }, generation)).toBe('ok');
  });

  it('turns away what comes after it was closed', async () => {
    const closing = renderer({ template: looping });
    const waiting = failure(closing.render({ messages: [{ role: 'user', content: 'loop' }] }, generation));
    await closing.close();
    expect(await waiting).toMatchObject({ kind: 'unavailable' });
    expect(await failure(closing.render({ messages: [hello] }, generation))).toMatchObject({
      kind: 'unavailable',
    });
  });
});
