import { z } from 'zod';

const name = z.string().min(1).max(200);

/** Where ledger, keys and budgets are kept. */
export const stateFields = {
  ledgerPath: name
    .nullable()
    .default(null)
    .describe(
      'SQLite file with one row per request, keys and budgets. null: ledger.sqlite in the nearfar home.',
    ),
  databaseEnv: name
    .nullable()
    .default('DATABASE_URL')
    .describe(
      'Environment variable with the connection string of PostgreSQL, postgres://...; where it is set, ledger, keys and ' +
        'budgets are there, for several gateways together. null: always the file. See docs/keys.md.',
    ),
};
