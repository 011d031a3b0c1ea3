import { describe, expect, it } from 'vitest';
import { NearfarError } from '../../chat/error.ts';
import { downloadsIn } from './conversation-state.ts';
import { createConversation } from './conversation.ts';
import { backendStatus, decision, fakeNear } from './fakes.ts';
import { byteText, downloadSentence, progressSentence, routeSentence } from './said.ts';

const soon = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a conversation', () => {
  it('keeps what was said, and tells the model all of it under one session', async () => {
    const fake = fakeNear();
    const conversation = createConversation({ system: 'be brief', maxTokens: 9, privacy: 'local_only' });
    conversation.connect(fake.near);
    const first = conversation.send('one');
    await fake.say('two');
    await fake.end();
    await first;
    const second = conversation.send('three');
    await fake.end();
    await second;
    expect(fake.asked[1]?.input).toEqual({
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'two' },
        { role: 'user', content: 'three' },
      ],
      max_completion_tokens: 9,
    });
    expect(fake.asked[0]?.call).toMatchObject({
      privacy: 'local_only',
      session: expect.any(String) as string,
    });
    expect(fake.asked[1]?.call.session).toBe(fake.asked[0]?.call.session);
    expect(conversation.getState().messages[1]).toMatchObject({
      text: 'two',
      state: 'done',
      route: decision,
      model: 'smollm2',
      finishReason: 'stop',
    });
    conversation.clear();
    const third = conversation.send('new');
    await fake.end();
    await third;
    expect(fake.asked[2]?.call.session).not.toBe(fake.asked[0]?.call.session);
  });

  it('tells of a growing text a few times a second, not at each token', async () => {
    const fake = fakeNear();
    const conversation = createConversation();
    conversation.connect(fake.near);
    void conversation.send('go');
    await soon(5);
    let tellings = 0;
    conversation.subscribe(() => {
      tellings += 1;
    });
    for (let index = 0; index < 50; index++) await fake.say('a');
    await soon(50);
    expect(conversation.getState().messages[1]?.text).toBe('a'.repeat(50));
    expect(tellings).toBeLessThan(25);
    expect(tellings).toBeGreaterThan(0);
  });

  it('is stopped: what came stays, nothing that comes later does', async () => {
    const fake = fakeNear();
    const conversation = createConversation();
    conversation.connect(fake.near);
    const asked = conversation.send('go');
    await fake.say('half');
    conversation.stop();
    await fake.say('late');
    await asked;
    expect(fake.isAborted()).toBe(true);
    expect(conversation.getState()).toMatchObject({ phase: 'idle', error: null });
    expect(conversation.getState().messages[1]).toMatchObject({ text: 'half', state: 'stopped' });
  });

  it('retries the last question in place of its answer', async () => {
    const fake = fakeNear();
    const conversation = createConversation();
    conversation.connect(fake.near);
    const first = conversation.send('go');
    await fake.fail(new NearfarError('unavailable', 'Nobody could answer.'));
    await first;
    expect(conversation.getState().error?.message).toBe('Nobody could answer.');
    expect(conversation.getState().messages[1]?.state).toBe('failed');
    const second = conversation.retry();
    expect(conversation.getState().error).toBeNull();
    await fake.say('yes');
    await fake.end();
    await second;
    expect(conversation.getState().messages.map(({ text }) => text)).toEqual(['go', 'yes']);
    expect(fake.asked[1]?.input).toEqual({ messages: [{ role: 'user', content: 'go' }] });
  });

  it('takes one question at a time, and none that is empty', async () => {
    const fake = fakeNear();
    const conversation = createConversation();
    conversation.connect(fake.near);
    await conversation.send('  ');
    void conversation.send('one');
    await conversation.send('two');
    expect(fake.asked).toHaveLength(1);
    expect(conversation.getState().messages).toHaveLength(2);
  });

  it('says that there is no client yet', async () => {
    const conversation = createConversation();
    await conversation.send('go');
    expect(conversation.getState().error?.kind).toBe('unavailable');
  });

  it('prepares with progress, can be cancelled, and says what failed', async () => {
    const fake = fakeNear([backendStatus('downloadable')]);
    const conversation = createConversation();
    conversation.connect(fake.near);
    await soon();
    expect(downloadsIn(conversation.getState().status)).toHaveLength(1);
    const loading = conversation.prepare('wllama');
    await fake.load({ loadedBytes: 40_000_000, totalBytes: 90_000_000, fraction: 0.444 });
    expect(conversation.getState().progress).toMatchObject({ fraction: 0.444 });
    conversation.stop();
    await loading;
    expect(conversation.getState()).toMatchObject({ phase: 'idle', progress: null, error: null });
    const again = conversation.prepare('wllama');
    fake.setBackends([backendStatus('ready')]);
    await fake.finishLoad();
    await again;
    expect(downloadsIn(conversation.getState().status)).toEqual([]);
  });

  it('stops, and is told nothing more, when it is disconnected', async () => {
    const fake = fakeNear();
    const conversation = createConversation();
    const disconnect = conversation.connect(fake.near);
    void conversation.send('go');
    await fake.say('half');
    disconnect();
    expect(fake.isAborted()).toBe(true);
    expect(fake.watcherCount()).toBe(0);
    let tellings = 0;
    conversation.subscribe(() => {
      tellings += 1;
    });
    await fake.say('late');
    await soon(60);
    expect(tellings).toBe(0);
  });
});

describe('what is said of it', () => {
  it('names the place and the reasons of an answer', () => {
    expect(routeSentence(decision, 'machine')).toBe(
      'Answered on this device (wllama), and kept private: email found. Policy: private stays.',
    );
    const open = { ...decision, backend: 'gateway', label: 'open', detectors: [], reasons: [] } as const;
    expect(routeSentence(open, 'outside')).toBe('Answered by the server (gateway).');
  });

  it('names the bytes of a download before and while it is made', () => {
    expect(downloadSentence(backendStatus('downloadable', { fits: false }))).toBe(
      'The model smollm2 must be downloaded once: 92 MB. It then works without a network. This browser has no room for it.',
    );
    const progress = { backend: 'w', phase: 'download', fraction: 0.444 } as const;
    expect(progressSentence({ ...progress, loadedBytes: 40e6, totalBytes: 90e6 })).toBe(
      'Downloading: 40 MB of 90 MB (44%)',
    );
    expect(progressSentence({ ...progress, loadedBytes: null, totalBytes: null })).toBe('Downloading: 44%');
    expect([999, 9.16e6, 91.7e6, 1.5e9].map(byteText)).toEqual(['1 kB', '9.2 MB', '92 MB', '1.5 GB']);
  });
});
