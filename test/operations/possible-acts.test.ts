import { describe, expect, it } from 'vitest';
import { type DealSituation, findPossibleActs } from '../../src/operations/deals/possible-acts.js';

/** A deal that is held after its document went out of our hands. */
const held = (record: Partial<DealSituation['record']>): DealSituation => ({
  status: { state: 'held', figures: undefined },
  isTemporalSilent: false,
  record: {
    state: 'held',
    carrierId: undefined,
    isHandedOver: true,
    holdReason: 'draft-gone',
    invoiceNumber: undefined,
    ...record,
  },
});
const mayCancel = (situation: DealSituation) => findPossibleActs(['Admin'], situation).includes('cancel');

describe('to cancel a deal that is handed over', () => {
  it('is offered when its document was deleted before anything of it was known to be invoiced', () => {
    expect(mayCancel(held({}))).toBe(true);
  });

  it('is not offered for any other reason, nor once something is invoiced', () => {
    expect(mayCancel(held({ holdReason: 'refused-by-sales' }))).toBe(false);
    expect(mayCancel(held({ invoiceNumber: 'INV-1' }))).toBe(false);
  });
});

describe('a deal of which somebody has decided', () => {
  const decided = (state: 'awaiting-confirmation' | 'held', isHeld?: true): DealSituation => ({
    ...held({ isHandedOver: false, state, holdReason: undefined }),
    status: {
      state,
      figures: { documentNumber: '1002', totalIncludingTax: '1', currency: 'EUR' },
      decided: { how: 'rejected by ann', ...(isHeld && { isHeld }) },
    },
  });
  const actsOf = (situation: DealSituation) => findPossibleActs(['Admin'], situation);

  it('offers no other decision while it is carried out', () => {
    for (const state of ['awaiting-confirmation', 'held'] as const)
      expect(actsOf(decided(state))).toEqual(['preview', 'note', 'assign']);
  });

  it('offers to retry a step of it that is held, or to run the deal again', () => {
    expect(actsOf(decided('held', true))).toEqual(['retry', 'preview', 'replay', 'note', 'assign']);
  });
});
