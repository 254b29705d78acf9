import { describe, expect, it } from 'vitest';
import { parseSince } from '../../src/cli/parse-since.js';

describe('--since', () => {
  it('is a day from its beginning in UTC, or an instant', () => {
    expect(parseSince('2026-01-31').toISOString()).toBe('2026-01-31T00:00:00.000Z');
    expect(parseSince('2026-01-31T10:00:00Z').toISOString()).toBe('2026-01-31T10:00:00.000Z');
    expect(parseSince('2026-01-31T10:00:00+02:00').toISOString()).toBe('2026-01-31T08:00:00.000Z');
  });

  it.each(['1', '2026-02-31', '03/04/2026', '31.01.2026', '2026-01-31 10:00', '2026-01-31T10:00:00', 'yesterday', ''])(
    'is not %j',
    (text) => {
      expect(() => parseSince(text)).toThrow(
        `expected a day such as 2026-01-31, or an instant such as 2026-01-31T10:00:00Z`,
      );
    },
  );
});
