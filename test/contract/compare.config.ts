import { defineConfig } from 'vitest/config';

/** Of `npm run simulators:compare`: the contract suites alone, without the server that other tests need. */
export default defineConfig({
  test: {
    include: ['test/contract/*.contract.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: [['json', { outputFile: process.env['CONTRACT_OUTCOMES'] ?? 'outcomes.json' }]],
  },
});
