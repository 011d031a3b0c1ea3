import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Two cores: more workers than cores only slow real-weight tests down.
    maxWorkers: 2,
    pool: 'forks',
    // Whoever runs the tests may have a database of his own.
    env: { DATABASE_URL: '' },
  },
});
