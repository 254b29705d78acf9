import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOLDS, HOLDS_CLEARED_BY_MASTER_DATA, type HoldReason } from '../../src/deal/holds.js';
import { DEAL_STATES, FINAL_STATES, isFinal, NOT_WON_STATES, STATES_BEFORE_POSTING } from '../../src/deal/states.js';

const LISTS = ['src/deal/states.ts', 'src/deal/holds.ts'];

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src', file));

/** Words of the catalogue in a row, as in a list of TypeScript or behind `IN (` of SQL. */
function listsOf(words: readonly string[], text: string): string[] {
  const word = `'(?:${words.join('|')})'`;
  return text.match(new RegExp(`[[(]\\s*${word},\\s*${word}[^\\])]*[\\])]`, 'g')) ?? [];
}

describe('lists of states and of hold reasons', () => {
  it('are written down beside the states and the reasons, and nowhere else', () => {
    const words = [...DEAL_STATES, ...Object.keys(HOLDS)];
    const others = files.filter((file) => !LISTS.includes(file));
    const found = others.flatMap((file) =>
      listsOf(words, readFileSync(file, 'utf8')).map((list) => `${file}: ${list.replace(/\s+/g, ' ')}`),
    );
    expect(found).toEqual([]);
    // The search itself finds such lists where they belong.
    for (const file of LISTS) expect(listsOf(words, readFileSync(file, 'utf8')), file).not.toEqual([]);
  });

  it('a query of the ledger takes them as parameters, not word by word', () => {
    const inSql = files
      .filter((file) => file.startsWith(join('src', 'ledger')))
      .filter((file) => /\b(state|hold_reason)\s+(NOT\s+)?IN\s*\(\s*'/i.test(readFileSync(file, 'utf8')));
    expect(inSql).toEqual([]);
  });

  it('every state is final or not, as one list says', () => {
    expect(DEAL_STATES.filter(isFinal)).toEqual([...FINAL_STATES]);
    expect(STATES_BEFORE_POSTING.some(isFinal)).toBe(false);
    expect(NOT_WON_STATES.filter(isFinal)).toEqual(['cancelled']);
  });

  it('what master data clears is the matter of those who keep customers and items', () => {
    const owners = HOLDS_CLEARED_BY_MASTER_DATA.map((reason: HoldReason) => HOLDS[reason].owner);
    expect(owners).not.toContain('IT');
    expect(HOLDS_CLEARED_BY_MASTER_DATA.every((reason) => /^(customer|contact|item|unit|value)-/.test(reason))).toBe(
      true,
    );
  });
});
