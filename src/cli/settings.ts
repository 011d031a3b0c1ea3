import process from 'node:process';
import { loadSettings, type LoadedSettings } from '../config/load.ts';
import { UsageError, type OptionValues } from './command.ts';

/** For commands that route by a profile; it stands for `route.profile` and, where nobody names another, the policy. */
export const profileOption = {
  profile: {
    type: 'string',
    placeholder: 'NAME',
    description: 'A profile of `nearfar calibrate`; the policy is then calibrated (route.profile)',
  },
} as const;

/** Options of a command that stand for a setting: option name -> path of the setting. */
export type SettingOptions = Readonly<Record<string, string>>;

/**
 * The settings that a command runs with: file, environment, then its flags.
 * @throws SettingsError listing every problem; UsageError for a malformed --set
 */
export async function commandSettings(
  options: OptionValues,
  own: SettingOptions = {},
): Promise<LoadedSettings> {
  const flags = new Map<string, { flag: string; text: string }>();
  for (const pair of options.list('set')) {
    const split = pair.indexOf('=');
    if (split < 1) throw new UsageError(`--set: expected NAME=VALUE, got ${JSON.stringify(pair)}`);
    const setting = pair.slice(0, split);
    flags.set(setting, { flag: `--set ${setting}`, text: pair.slice(split + 1) });
  }
  for (const [option, setting] of Object.entries(own)) {
    const text = options.text(option);
    if (text !== undefined) flags.set(setting, { flag: `--${option}`, text });
  }
  if (flags.get('route.profile')?.flag === '--profile' && !flags.has('route.policy'))
    flags.set('route.policy', { flag: '--profile', text: 'calibrated' });
  return loadSettings({
    environment: process.env,
    workingFolder: process.cwd(),
    home: options.text('home'),
    configFile: options.text('config'),
    flags,
  });
}
