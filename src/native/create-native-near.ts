import { createNear as createPageNear } from '../browser/create-near.ts';
import type { BackendSource } from '../browser/backend.ts';
import type { Near, NearOptions } from '../browser/near.ts';
import { NearfarError } from '../chat/error.ts';
import { nativeEnvironment, type NativeDevice } from './native-environment.ts';

export interface NativeNearOptions extends Omit<NearOptions, 'backends' | 'environment'> {
  /** Models of the device, the preferred first; one that is ready goes before one that must be loaded. */
  readonly backends: readonly BackendSource<'machine'>[];
  readonly device?: NativeDevice;
}

/**
 * The client of the page in an app: the same interface, policy and judge of what is private, over models of the device.
 * @throws NearfarError `unsupported` where the JavaScript engine lacks what it needs, with what brings it
 */
export function createNear({ backends, device, ...options }: NativeNearOptions): Near {
  const lacking = missingIn(globalThis, options.gateway !== undefined);
  if (lacking.length > 0) {
    throw new NearfarError(
      'unsupported',
      `This JavaScript engine lacks what nearfar needs: ${lacking.join('; ')}. See docs/native.md.`,
    );
  }
  return createPageNear({ ...options, backends, environment: nativeEnvironment(device) });
}

interface Globals {
  readonly AbortController?: unknown;
  readonly AbortSignal?: unknown;
  readonly crypto?: { readonly getRandomValues?: unknown };
  readonly performance?: { readonly now?: unknown };
  readonly TextDecoder?: unknown;
  readonly URL?: { readonly canParse?: unknown };
}

/** Pure: what an engine lacks, each with the usual way to bring it. */
export function missingIn(globals: Globals, usesGateway: boolean): readonly string[] {
  const any = (globals.AbortSignal as { readonly any?: unknown } | undefined)?.any;
  return [
    ...(globals.AbortController === undefined ? ['AbortController'] : []),
    ...(globals.performance?.now === undefined ? ['performance.now'] : []),
    ...(globals.crypto?.getRandomValues === undefined
      ? ['crypto.getRandomValues (react-native-get-random-values)']
      : []),
    ...(any === undefined ? ['AbortSignal.any (core-js)'] : []),
    ...(globals.TextDecoder === undefined ? ['TextDecoder (text-encoding-polyfill)'] : []),
    ...(usesGateway && globals.URL?.canParse === undefined
      ? ['URL.canParse (react-native-url-polyfill, or core-js)']
      : []),
  ];
}
