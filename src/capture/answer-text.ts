import type { ChatPart } from '../chat/part.ts';
import type { CapturedChoice } from './exchange.ts';

/** Puts the parts of an answer together again. */
export interface AnswerText {
  /** Runs once per part: keep it cheap. */
  see(part: ChatPart): void;
  /** In the order of choices; none where nothing was said. */
  readonly choices: readonly CapturedChoice[];
  readonly characterCount: number;
  /** Whether every choice that began came to its end. */
  readonly isWhole: boolean;
}

interface OpenChoice {
  readonly text: string[];
  readonly reasoning: string[];
  readonly calls: Map<number, { readonly id: string; readonly name: string; readonly pieces: string[] }>;
}

export function createAnswerText(): AnswerText {
  const choices: OpenChoice[] = [];
  let characterCount = 0;
  let endedCount = 0;

  function choiceAt(index: number): OpenChoice {
    return (choices[index] ??= { text: [], reasoning: [], calls: new Map() });
  }

  return {
    see(part) {
      switch (part.type) {
        case 'text-delta':
          choiceAt(part.choice).text.push(part.text);
          characterCount += part.text.length;
          break;
        case 'reasoning-delta':
          choiceAt(part.choice).reasoning.push(part.text);
          characterCount += part.text.length;
          break;
        case 'tool-call-start':
          choiceAt(part.choice).calls.set(part.call, { id: part.id, name: part.name, pieces: [] });
          break;
        case 'tool-call-delta':
          choiceAt(part.choice).calls.get(part.call)?.pieces.push(part.arguments);
          characterCount += part.arguments.length;
          break;
        case 'choice-end':
          choiceAt(part.choice);
          endedCount += 1;
          break;
        case 'start':
        case 'tool-call-end':
        case 'finish':
        case 'error':
      }
    },
    get choices() {
      // A choice that said nothing before a later one leaves a hole.
      return Array.from(choices, (choice: OpenChoice | undefined): CapturedChoice => {
        const { text = [], reasoning = [], calls = new Map() as OpenChoice['calls'] } = choice ?? {};
        return {
          text: text.join(''),
          ...(reasoning.length === 0 ? {} : { reasoning: reasoning.join('') }),
          ...(calls.size === 0
            ? {}
            : {
                toolCalls: [...calls.values()].map(({ id, name, pieces }) => ({
                  id,
                  name,
                  arguments: pieces.join(''),
                })),
              }),
        };
      });
    },
    get isWhole() {
      return endedCount >= choices.length;
    },
    get characterCount() {
      return characterCount;
    },
  };
}
