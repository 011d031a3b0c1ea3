import { problemText, type JsonObject, type LineProblem, type PromptLine } from '../batch/prompt-line.ts';
import { withOptions, type LineOptions } from '../batch/line-options.ts';
import { requestDigest } from '../batch/request-digest.ts';
import { NearfarError } from '../chat/error.ts';
import { checkBody, problemOf } from './checked-lines.ts';
import { UsageError } from './command.ts';
import type { OfflineGateway, PlannedPrompt } from './offline-gateway.ts';

/** A line that is ready to be asked. */
export interface ReadyLine {
  readonly line: PromptLine;
  readonly body: JsonObject;
  readonly modelId: string;
  readonly digest: string;
  readonly prompts: readonly PlannedPrompt[];
}

const shownProblemCount = 20;

/** @throws UsageError listing what is wrong */
export function refuse(name: string, problems: readonly LineProblem[]): void {
  if (problems.length === 0) return;
  const sorted = problems.toSorted((a, b) => a.lineNumber - b.lineNumber);
  const shown = sorted.slice(0, shownProblemCount).map((problem) => `  ${problemText(problem)}`);
  const more = problems.length - shown.length;
  if (more > 0) shown.push(`  and ${more} more`);
  throw new UsageError(`${name} cannot be answered; nothing was computed:\n${shown.join('\n')}`);
}

export type CheckedLine = Omit<ReadyLine, 'modelId' | 'digest'> & { readonly modelName: string };

/** @throws UsageError listing every body that would be refused */
export function checkLines(
  name: string,
  lines: readonly PromptLine[],
  options: LineOptions,
): readonly CheckedLine[] {
  const problems: LineProblem[] = [];
  const checked = lines.flatMap((line): readonly CheckedLine[] => {
    const body = withOptions(line, options);
    try {
      return [{ line, body, ...checkBody(line.path, body) }];
    } catch (thrown) {
      problems.push(problemOf(line, thrown));
      return [];
    }
  });
  refuse(name, problems);
  return checked;
}

/** @throws UsageError listing the lines whose model is not here */
export async function resolveModels(
  name: string,
  checked: readonly CheckedLine[],
  gateway: OfflineGateway,
): Promise<readonly ReadyLine[]> {
  const ids = new Map<string, string | NearfarError>();
  const problems: LineProblem[] = [];
  const ready: ReadyLine[] = [];
  for (const { modelName, ...rest } of checked) {
    let modelId = ids.get(modelName);
    if (modelId === undefined) {
      modelId = await gateway.resolve(modelName).catch((thrown: unknown) => {
        if (thrown instanceof NearfarError) return thrown;
        throw thrown;
      });
      ids.set(modelName, modelId);
    }
    const { line, body } = rest;
    if (modelId instanceof NearfarError) {
      const field = line.form === 'openai' ? 'body.model' : 'model';
      problems.push({ lineNumber: line.lineNumber, field, message: modelId.message });
    } else ready.push({ ...rest, modelId, digest: requestDigest(line.path, body, modelId) });
  }
  refuse(name, problems);
  return ready;
}
