import { NearfarError } from '../../chat/error.ts';

/**
 * Loads an optional peer dependency when it is first used.
 * @throws NearfarError `unavailable` that says what to install
 */
export async function loadLibrary<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    throw new NearfarError(
      'unavailable',
      `The package ${name} could not be loaded; npm install ${name} adds it.`,
      {
        retryable: false,
        cause,
      },
    );
  }
}
