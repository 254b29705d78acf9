import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.js';

export default defineConfig({
  test: {
    // Several processes share the cores: a state that comes late is no failure.
    expect: { poll: { timeout: 10_000, interval: 20 } },
    include: ['test/**/*.test.ts'],
    // Temporal's native module crashes in worker threads.
    pool: 'forks',
    // One more than cores: end-to-end tests wait a third of their time, for a retry, a window or a process that starts.
    maxWorkers: 3,
    // A process that has loaded PGlite, Temporal and our sources runs one file after the other: a second of a core for each.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    globalSetup: ['./test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
