import { NearfarError } from '../chat/error.ts';

/**
 * A package of the app's that may not be in this build: handed in, or imported when it is first needed.
 * @throws NearfarError `unavailable` where it cannot be imported
 */
export async function optionalModule<Module>(
  given: Module | (() => Promise<Module>),
  packageName: string,
): Promise<Module> {
  if (typeof given !== 'function') return given;
  try {
    return await (given as () => Promise<Module>)();
  } catch (thrown) {
    throw new NearfarError(
      'unavailable',
      `${packageName} is not in this build of the app: ${thrown instanceof Error ? thrown.message : 'it cannot be imported'}`,
      { cause: thrown, retryable: false },
    );
  }
}
