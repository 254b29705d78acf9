import { z } from 'zod';
import type { ItemRef } from '../../../clients/business-central/client.js';
import type { ReferenceSets } from '../../../clients/business-central/reference-sets.js';
import { toCode } from '../../../deal/codes.js';
import { writeKey } from '../../../deal/ids.js';
import { BY_RULES } from '../../../ledger/masters/links.js';
import type { ItemPlan } from '../../../mapping/plan/plan-master-data.js';
import { numbered } from '../../remote/results.js';
import { writeOnce } from '../../remote/write-once.js';
import { type CreationDependencies, cutsOf, nameIn, refuseTaken } from './creation.js';

/**
 * The item, after the unit that it is counted in.
 * @param recordId the deal, or the product itself, in whose trail the creation stands
 */
export async function ensureItem(
  dependencies: CreationDependencies & { readonly sets: ReferenceSets },
  recordId: string,
  { salesId, number, values, notes, newUnit, isByRule, isOfLine }: ItemPlan,
): Promise<ItemRef> {
  const { businessCentral, companyId, ambiguityWindowMs } = dependencies;
  if (newUnit) await ensureUnit(dependencies, recordId, newUnit);
  return writeOnce(dependencies, {
    recordId,
    // The key is the product's: two deals of one new product, or a deal and its sync, make one item, beside those of single lines.
    writeKey: writeKey(salesId, isOfLine ? `item-${companyId}-${toCode(number)}` : `item-${companyId}`),
    action: 'create item in Business Central',
    result: numbered.extend({ isBlocked: z.boolean() }),
    ambiguityWindowMs,
    sentFacts: cutsOf(notes),
    find: async () => {
      const [found] = await businessCentral.findItems([number]);
      if (found && !isByRule) await refuseTaken(dependencies, 'item', { id: salesId, name: nameIn(values) }, found);
      return found;
    },
    write: (context) => businessCentral.createItem(values, context),
    outcome: (made) => ({
      ...(!isOfLine && {
        link: {
          kind: 'item' as const,
          companyId,
          link: { salesId, bcId: made.id, bcNumber: made.number },
          ...(isByRule && { sharedBy: BY_RULES }),
        },
      }),
      facts: { itemNumber: made.number, itemId: made.id },
    }),
  });
}

async function ensureUnit(
  dependencies: CreationDependencies & { readonly sets: ReferenceSets },
  recordId: string,
  { code, name }: NonNullable<ItemPlan['newUnit']>,
): Promise<void> {
  const { businessCentral, companyId, ambiguityWindowMs, sets } = dependencies;
  await writeOnce(dependencies, {
    recordId,
    writeKey: writeKey(toCode(code), `unit-${companyId}`),
    action: 'create unit in Business Central',
    result: z.object({ id: z.string(), code: z.string() }),
    ambiguityWindowMs,
    find: () => {
      sets.forget('unitsOfMeasure');
      return sets.find('unitsOfMeasure', code);
    },
    write: (context) => businessCentral.createUnit(code, name, context),
    outcome: (made) => ({ facts: { unitCode: made.code } }),
  });
  sets.forget('unitsOfMeasure');
}
