/** One thing that is wrong in the settings, and where. */
export interface SettingProblem {
  /** E.g. `nearfar.config.yaml:12`, `environment NEARFAR_PORT` or `flag --port`. */
  readonly where: string;
  /** Path of the setting, e.g. `engine.parallelCount`; empty for the whole file. */
  readonly setting: string;
  readonly message: string;
}

/** The settings cannot be used; the message lists every problem with its place, one a line. */
export class SettingsError extends Error {
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[]) {
    super(problems.map(describeProblem).join('\n'));
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

export function describeProblem(problem: SettingProblem): string {
  const setting = problem.setting === '' ? '' : `${problem.setting}: `;
  return `${problem.where}: ${setting}${problem.message}`;
}
