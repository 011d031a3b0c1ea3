import type { ChatInput, ChatRequest, OutputFormat } from '../../chat/request.ts';

/**
 * Contents that were redacted, by identity. Only `redact-request.ts` writes here (the structure test sees to it), so that nothing
 * else can say of a request that it may leave. A copy of the request with the same contents is as good; one with any other content
 * is not. Apart from the redaction, so that a page's boundary check does not bring all detectors with it.
 */
export const seals = new WeakMap<
  ChatInput,
  { readonly stop: readonly string[]; readonly outputFormat: OutputFormat }
>();

/** Whether a request's contents are, all of them, what `redactRequest` made and read again. */
export function isRedacted(request: object): boolean {
  const { input, stop, outputFormat } = request as Partial<ChatRequest>;
  if (input === undefined) return false;
  const seal = seals.get(input);
  return seal !== undefined && seal.stop === stop && seal.outputFormat === outputFormat;
}
