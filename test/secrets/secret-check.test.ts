import { beforeEach, describe, expect, it } from 'vitest';
import { createSecretCheck } from '../../src/secrets/secret-check.js';

describe('the check of a secret that a caller shows', () => {
  let secrets: readonly string[];
  let readings: number;
  let passedMs: number;
  let isRight: (given: string) => Promise<boolean>;

  beforeEach(() => {
    passedMs = 0;
    secrets = ['the-old-secret'];
    readings = 0;
    isRight = createSecretCheck(
      async () => {
        readings += 1;
        return secrets.map((secret) => ({ kind: 'secret', secret }));
      },
      { now: () => new Date(1_700_000_000_000 + passedMs) },
    );
  });

  it('takes every secret that is valid, and no other', async () => {
    secrets = ['the-new-secret', 'the-old-secret'];
    for (const right of secrets) expect(await isRight(right)).toBe(true);
    for (const wrong of ['', 'the-old-secreT', 'the-old-secret ', 'the-']) expect(await isRight(wrong)).toBe(false);
  });

  it('knows a new one at once, though callers who guess make it read once a second at most', async () => {
    expect(await isRight('the-old-secret')).toBe(true);
    for (let guess = 0; guess < 100; guess += 1) await isRight(`guess-${guess}`);
    expect(readings).toBe(1);
    secrets = ['the-new-secret', 'the-old-secret'];
    passedMs += 1_000;
    expect(await isRight('the-new-secret')).toBe(true);
    expect(readings).toBe(2);
  });

  it('forgets an ended one within half a minute', async () => {
    expect(await isRight('the-old-secret')).toBe(true);
    secrets = ['the-new-secret'];
    passedMs += 30_001;
    expect(await isRight('the-old-secret')).toBe(false);
  });

  it('takes nothing when there is none', async () => {
    secrets = [];
    expect(await isRight('')).toBe(false);
  });
});
