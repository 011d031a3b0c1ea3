import { NearfarError } from '../chat/error.ts';
import type { ChatInput, ChatRequest } from '../chat/request.ts';

export interface NativeTurn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/**
 * Pure: a conversation as text, for modules that take nothing else: the system's words first and together, a last message of
 * the user.
 * @param who what the errors call the model, e.g. `Apple’s model`
 * @throws NearfarError `unsupported` for what has no place there
 */
export function textTurns(input: ChatInput, who: string): readonly NativeTurn[] {
  if (input.kind !== 'chat') throw unsupported('prompt', `${who} answers conversations only`);
  if (input.toolUse !== undefined) throw unsupported('tools', `${who} is given none here`);
  const system: string[] = [];
  const turns: NativeTurn[] = [];
  for (const [index, message] of input.messages.entries()) {
    const { role, content } = message;
    if (role === 'system') system.push(content);
    else if (role === 'tool' || (role === 'assistant' && message.toolCalls !== undefined)) {
      throw unsupported(`messages[${String(index)}]`, `${who} takes no calls of tools`);
    } else if (role === 'user' && message.parts?.some(({ type }) => type !== 'text') === true) {
      throw unsupported(`messages[${String(index)}].content`, `${who} is given text only here`);
    } else turns.push({ role, content });
  }
  if (turns.at(-1)?.role !== 'user') {
    throw unsupported('messages', `${who} answers a last message of the user`);
  }
  return system.length === 0 ? turns : [{ role: 'system', content: system.join('\n\n') }, ...turns];
}

/**
 * Pure: the sampling options that the client set, by the names that a module has for them.
 * @throws NearfarError `unsupported` where an option was set that the module has no place for
 */
export function statedOptions<Name extends string>(
  { sampling, statedSampling = new Map() }: Pick<ChatRequest, 'sampling' | 'statedSampling'>,
  names: Readonly<Partial<Record<keyof ChatRequest['sampling'], Name>>>,
  who: string,
): Readonly<Partial<Record<Name, number>>> {
  const options: Partial<Record<Name, number>> = {};
  for (const [option, field] of statedSampling) {
    const name = names[option];
    const value = sampling[option];
    if (name === undefined || typeof value !== 'number') {
      throw unsupported(field, `${who} has no such option`);
    }
    options[name] = value;
  }
  return options;
}

export function unsupported(field: string, what: string): NearfarError {
  return new NearfarError('unsupported', `${field}: ${what}.`, { field });
}
