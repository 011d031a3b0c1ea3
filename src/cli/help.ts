import { commonOptions, type Command, type CommandOption } from './command.ts';

/** A verb as the overview lists it, without loading its file. */
export interface VerbSummary {
  readonly name: string;
  readonly group: VerbGroup;
  readonly summary: string;
}

/** What a person wants; the headings of `nearfar --help`, in this order. */
export const verbGroups = {
  talk: 'Talk',
  models: 'Models',
  costs: 'Costs and what is kept',
  machine: 'This machine',
} as const;
export type VerbGroup = keyof typeof verbGroups;

export function renderOverview(verbs: readonly VerbSummary[], version: string): string {
  const width = Math.max(...verbs.map((verb) => verb.name.length));
  const groups = Object.entries(verbGroups).map(([group, title]) => {
    const lines = verbs
      .filter((verb) => verb.group === group)
      .map((verb) => `  ${verb.name.padEnd(width)}  ${verb.summary}`);
    return `${title}\n${lines.join('\n')}`;
  });
  return [
    `nearfar ${version}: answers every prompt from the nearest model that is good enough.`,
    'Usage: nearfar COMMAND [options]',
    ...groups,
    'Every command explains itself: nearfar COMMAND --help',
  ].join('\n\n');
}

export function renderCommandHelp(command: Command): string {
  const parts = [`Usage: nearfar ${command.name} ${command.usage}`.trimEnd(), command.description];
  if (Object.keys(command.options).length > 0) parts.push(`Options\n${renderOptions(command.options)}`);
  parts.push(`Common options\n${renderOptions(commonOptions)}`);
  if (command.examples.length > 0) {
    parts.push(`Examples\n${command.examples.map((example) => `  ${example}`).join('\n')}`);
  }
  return parts.join('\n\n');
}

function renderOptions(options: Readonly<Record<string, CommandOption>>): string {
  const rows = Object.entries(options).map(([name, option]) => {
    const short = option.short === undefined ? '    ' : `-${option.short}, `;
    const value = option.placeholder === undefined ? '' : ` ${option.placeholder}`;
    return { left: `  ${short}--${name}${value}`, right: option.description };
  });
  const width = Math.max(...rows.map((row) => row.left.length));
  return rows.map((row) => `${row.left.padEnd(width)}  ${row.right}`).join('\n');
}
