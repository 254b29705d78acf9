import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Clients that others wrote, against the simulators: `npm run test:clients`. They are fetched, so `npm test` leaves them out. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/clients-of-others/*.client.ts', 'test/simulators/dynamics-web-api.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 300_000,
    // The first run fetches and installs.
    hookTimeout: 900_000,
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
