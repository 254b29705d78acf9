// What the continuous integration runs is what `npm test` runs; the build is part of the set-up.
await import('./test.mjs');
