import { z } from 'zod';
import { RefusedError, UserError } from '../../deal/errors.js';
import type { Queryable } from '../../ledger/database.js';
import { listMappings as readMappings, type StoredMapping } from '../../ledger/settings/mappings.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { hashMapping } from '../../mapping/versions/versions.js';
import { defineOperation } from '../operation.js';

/** For editors: what a rules file may hold. It is the program's own, so nobody needs a permission. */
export { toEditorSchema } from '../../mapping/rules/rules-file.js';

/** The mappings that the ledger keeps, and which of them a replay goes by. */

export interface ListedMapping extends StoredMapping {
  /** Records whose document was made by it, or would have been. */
  readonly records: number;
}

/** Every mapping that workers were started with, the newest first. */
export const listMappings = defineOperation({
  act: 'list mappings',
  input: z.strictObject({}),
  run: ({ database }: { readonly database: Queryable }): Promise<ListedMapping[]> => readMappings(database),
});

/** One of them, by its hash or the beginning of it. @throws RefusedError when its content is not what the hash says */
export const showMapping = defineOperation({
  act: 'list mappings',
  input: z.strictObject({ hash: z.string() }),
  run: async ({ database }: { readonly database: Queryable }, { hash }): Promise<StoredMapping> => {
    const mapping = pick(await readMappings(database), hash);
    const found = hashMapping(mapping.content);
    if (found !== mapping.hash)
      throw new RefusedError(`mapping ${mapping.hash} was altered: its content has the hash ${found}`);
    return mapping;
  },
});

export interface Mappings {
  /** Today's rules with that mapping. @throws RefusedError when the ledger has none of that hash, or none that is usable */
  find(hash: string): Rules;
  /** Undefined for today's. @throws UserError */
  choose(which: string): Rules | 'then' | undefined;
}

/** @param toRules today's rules with a stored mapping; throws a RefusedError when it is not usable any more */
export async function openMappings(
  database: Queryable,
  today: Rules,
  toRules: (mapping: StoredMapping) => Rules,
): Promise<Mappings> {
  const stored = await readMappings(database);
  const find = (hash: string): Rules => {
    if (hash === today.mappingHash) return today;
    const mapping = stored.find((one) => one.hash === hash);
    if (!mapping) throw new RefusedError(`the ledger has no mapping ${hash}`);
    return toRules(mapping);
  };
  return {
    find,
    choose(which) {
      if (which === 'now') return undefined;
      return which === 'then' ? 'then' : find(pick(stored, which, 'now, then or ').hash);
    },
  };
}

/** Shorter beginnings of a hash are too easily another's. */
const MIN_HASH_LENGTH = 6;

function pick(stored: readonly StoredMapping[], beginning: string, others = ''): StoredMapping {
  const found = stored.filter(({ hash }) => beginning.length >= MIN_HASH_LENGTH && hash.startsWith(beginning));
  const [one] = found;
  if (one && found.length === 1) return one;
  const expected = `${others}a hash of \`mapping list\`, or its first ${MIN_HASH_LENGTH} letters or more`;
  throw new UserError('mapping', found.length > 1 ? `${expected} (${found.length} begin so)` : expected, beginning);
}
