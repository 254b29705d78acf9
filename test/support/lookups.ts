import type { Lookups } from '../../src/mapping/fields/resolve.js';

/** A Business Central that knows every code but those that a test takes away. */
export function knowAll(except: readonly string[] = []): Lookups {
  const gone = new Set(except);
  return {
    findCode: async (set, code) =>
      gone.has(code) ? undefined : { id: `id of ${set} ${code}`, code: BY_NAME[code] ?? code },
    findDimensionValue: async (dimension, value) =>
      gone.has(dimension) ? 'no-dimension' : gone.has(value) ? 'no-value' : 'found',
    customerDimensions: async () => new Map(),
    itemDimensions: async () => new Map(),
    shortcutNames: async () => ['DEPARTMENT', 'AREA'],
  };
}

const BY_NAME: Readonly<Record<string, string>> = { Germany: 'DE', Austria: 'AT' };
