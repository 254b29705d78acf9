import { describe, expect, it } from 'vitest';
import { byRulesOfRecord, createRulesOfRecords } from '../../src/activities/routing/rules-of-records.js';
import { readRules } from '../../src/mapping/rules/read-rules.js';
import { toMappingVersion } from '../../src/mapping/versions/versions.js';
import { parseRules, withMappingOf } from '../../src/process/config.js';

/** Which mapping a step of a record goes by. */

const then = toMappingVersion(readRules('writeInAccount: 8400'));
const today = parseRules('writeInAccount: 8500');
const rules = createRulesOfRecords({
  today,
  findMapping: async (hash) => (hash === then.hash ? { ...then, firstUsedAt: new Date(0) } : undefined),
  withMappingOf,
});

const steps = (wantedMapping: string | undefined, mappingHash: string | undefined) => {
  const step = (hash: string) => async (_input: { readonly recordId: string }) => hash;
  const record = { wantedMapping, mappingHash };
  return byRulesOfRecord(
    rules,
    async () => record as never,
    ({ mappingHash: hash }) => ({ readDeal: step(hash), checkRecord: step(hash), createInvoiceRow: step(hash) }),
  );
};
const of = { recordId: 'any' };

describe('the mapping of a step', () => {
  it("is today's, unless a person wants another for the record", async () => {
    expect(await steps(undefined, then.hash).readDeal(of)).toBe(today.mappingHash);
    expect(await steps(then.hash, undefined).readDeal(of)).toBe(then.hash);
    expect(await steps(then.hash, undefined).createInvoiceRow(of)).toBe(then.hash);
  });

  it('is that of the document when the record is compared with what was confirmed', async () => {
    expect(await steps(undefined, then.hash).checkRecord(of)).toBe(then.hash);
    expect(await steps(then.hash, undefined).checkRecord(of)).toBe(today.mappingHash);
  });

  it('that is not there holds what begins a hand-over, and nothing else', async () => {
    const lost = steps('gone', 'gone');
    await expect(lost.readDeal(of)).rejects.toMatchObject({ details: [{ reason: 'mapping-unknown' }] });
    expect(await lost.createInvoiceRow(of)).toBe(today.mappingHash);
    expect(await lost.checkRecord(of)).toBe(today.mappingHash);
  });
});
