import { describe, expect, it } from 'vitest';
import type { Company } from '../../src/activities/routing/companies.js';
import { routeByContext } from '../../src/activities/routing/route-steps.js';
import { createRulesOfRecords } from '../../src/activities/routing/rules-of-records.js';
import type { StepContext } from '../../src/deal/step-context.js';
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

const hashOf = async (chosen: Promise<{ readonly mappingHash: string }>) => (await chosen).mappingHash;

describe('the mapping of a record', () => {
  it("is today's when it is handed over, unless a person wants another for it", async () => {
    expect(await hashOf(rules.toHandOver(undefined))).toBe(today.mappingHash);
    expect(await hashOf(rules.toHandOver({ wantedMapping: undefined, mappingHash: then.hash }))).toBe(
      today.mappingHash,
    );
    expect(await hashOf(rules.toHandOver({ wantedMapping: then.hash, mappingHash: undefined }))).toBe(then.hash);
  });

  it('is that of the document when the record is compared with what was confirmed', async () => {
    expect(await hashOf(rules.ofDocument({ wantedMapping: undefined, mappingHash: then.hash }))).toBe(then.hash);
    expect(await hashOf(rules.ofDocument({ wantedMapping: then.hash, mappingHash: undefined }))).toBe(
      today.mappingHash,
    );
  });

  it('that is not there holds what begins a hand-over, and not what follows a document', async () => {
    const lost = { wantedMapping: 'gone', mappingHash: 'gone' };
    await expect(rules.toHandOver(lost)).rejects.toMatchObject({ details: [{ reason: 'mapping-unknown' }] });
    expect(await hashOf(rules.ofDocument(lost))).toBe(today.mappingHash);
  });
});

describe('the mapping of a step', () => {
  const company = { companyId: 'home' } as Company;
  const companies = { first: company, withId: async () => company };
  const steps = routeByContext(companies, rules, (_company, { mappingHash }) => ({
    which: async (_input: StepContext) => mappingHash,
  }));

  it('is the one that its input names, and no other stands in', async () => {
    expect(await steps.which({ companyId: 'home', mappingHash: then.hash })).toBe(then.hash);
    expect(await steps.which({ companyId: 'home', mappingHash: today.mappingHash })).toBe(today.mappingHash);
    await expect(steps.which({ companyId: 'home', mappingHash: 'gone' })).rejects.toMatchObject({
      details: [{ reason: 'mapping-unknown' }],
    });
  });
});
