import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: process.env['MAJORDOMO_RECORD_HISTORIES'] === '1' ? ['test/histories/record.ts'] : ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Each file works in a database and on task queues of its own, so files run side by side.
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // The file is what .ci/run counts from.
    reporters:
      process.env['CI'] === undefined ? ['default'] : ['verbose', ['json', { outputFile: 'coverage/tests.json' }]],
    coverage: {
      provider: 'v8',
      include: [
        'contracts/**',
        'adapters/**',
        'activities/**',
        'workers/**',
        'schedules/**',
        'roster/**/*.ts',
        'api/**',
        'client/**',
        'cli/**/*.ts',
        'workflows/*-state.ts',
        'workflows/guards.ts',
      ],
      reporter: ['text-summary', 'html', 'json-summary'],
      thresholds: { lines: 85 },
    },
  },
});
