import type { LedgerRow } from '../ledger/row.ts';
import { TextHistogram, type HistogramSeries } from './text-histogram.ts';

// Names, units and bucket bounds are those of the OpenTelemetry semantic conventions for generative AI metrics,
// in Prometheus' spelling (dots to underscores, the unit as a suffix).
const durationBounds = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const tokenBounds = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
];
const firstTokenBounds = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
const perTokenBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];

/** Times and tokens of requests. */
export interface RequestMetrics {
  /** Once per request, at its end. */
  observe(row: LedgerRow): void;
  /** Their part of the page of /metrics. */
  render(): string;
}

/** Series of requests that are alike but for what was measured. */
interface Alike {
  readonly duration: HistogramSeries;
  /** Those that come with tokens, made with the first ones. */
  tokens: { readonly input: HistogramSeries; readonly output: HistogramSeries } | null;
  firstToken: HistogramSeries | null;
  perToken: HistogramSeries | null;
}

/**
 * Label values that clients choose are bounded: requested names that led to no model, and further ones beyond 200, are
 * counted as `_OTHER`, or anyone could fill the memory.
 */
export function createRequestMetrics(): RequestMetrics {
  const tokenUsage = new TextHistogram(
    'gen_ai_client_token_usage',
    'Tokens of a request, by type: input (cached ones included) or output.',
    tokenBounds,
  );
  const duration = new TextHistogram(
    'gen_ai_server_request_duration_seconds',
    'From the entry of a request to its end, whatever the end.',
    durationBounds,
  );
  const timeToFirstToken = new TextHistogram(
    'gen_ai_server_time_to_first_token_seconds',
    'From the entry of a request to its first text.',
    firstTokenBounds,
  );
  const timePerToken = new TextHistogram(
    'gen_ai_server_time_per_output_token_seconds',
    'Mean time per token after the first, of answers that came to their end.',
    perTokenBounds,
  );
  const requestNames = createNameBound(200);
  // Upstreams are asked by names that clients choose.
  const responseNames = createNameBound(200);
  const known = new Map<string, Alike>();

  return {
    observe(row) {
      const operation = row.operation ?? '_OTHER';
      const provider = row.upstream ?? 'nearfar';
      const requested = row.answeringModel === null ? '_OTHER' : requestNames(row.requestedModel);
      const answering = row.answeringModel === null ? '' : responseNames(row.answeringModel);
      const errorType = row.status >= 400 ? row.finish : '';
      const priority = row.priority ?? '';
      // One whose name holds a line feed may meet the key of another; it is then counted with that one.
      const key = `${operation}\n${provider}\n${requested}\n${answering}\n${errorType}\n${priority}`;
      const labels = () => ({
        gen_ai_operation_name: operation,
        gen_ai_provider_name: provider,
        gen_ai_request_model: requested,
        gen_ai_response_model: answering,
      });
      let alike = known.get(key);
      if (alike === undefined) {
        const ofError = duration.series({ ...labels(), error_type: errorType });
        alike = { duration: ofError, tokens: null, firstToken: null, perToken: null };
        known.set(key, alike);
      }
      alike.duration.observe(row.totalMs / 1000);
      if (row.promptTokenCount > 0) {
        alike.tokens ??= {
          input: tokenUsage.series({ ...labels(), gen_ai_token_type: 'input' }),
          output: tokenUsage.series({ ...labels(), gen_ai_token_type: 'output' }),
        };
        alike.tokens.input.observe(row.promptTokenCount);
        alike.tokens.output.observe(row.completionTokenCount);
      }
      if (row.firstTokenMs === null) return;
      alike.firstToken ??= timeToFirstToken.series({ ...labels(), nearfar_class: priority });
      alike.firstToken.observe(row.firstTokenMs / 1000);
      if (errorType !== '' || row.completionTokenCount < 2) return;
      alike.perToken ??= timePerToken.series({ ...labels(), nearfar_class: priority });
      alike.perToken.observe((row.totalMs - row.firstTokenMs) / 1000 / (row.completionTokenCount - 1));
    },
    render: () => [tokenUsage, duration, timeToFirstToken, timePerToken].map((one) => one.render()).join(''),
  };
}

/** The same name while there are few; further ones are all one. */
export function createNameBound(limit: number): (name: string | null) => string {
  const names = new Set<string>();
  return (name) => {
    if (name === null) return '_OTHER';
    if (names.has(name)) return name;
    if (names.size >= limit || name.length > 200) return '_OTHER';
    names.add(name);
    return name;
  };
}
