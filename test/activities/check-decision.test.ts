import { describe, expect, it } from 'vitest';
import { checkDecision } from '../../src/activities/deals/check-decision.js';
import type { Actor } from '../../src/deal/actor.js';
import type { AuditAction } from '../../src/deal/audit-actions.js';
import type { UnverifiedDecisions } from '../../src/deal/unverified-decisions.js';
import { createDecisionProofs } from '../../src/secrets/decision-proof.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';

const ring = openKeyRing({ kind: 'text', text: createKeyLine() });
let now = new Date('2031-05-04T08:00:00Z');
const proofs = createDecisionProofs(ring, { now: () => now });
const FIGURES = { documentNumber: '1002', totalIncludingTax: '169.46', currency: 'EUR' };
const PAULA = { name: 'Paula Stein', source: 'desk' } as const;
const proof = proofs.prove({ recordId: 'one', action: 'confirm', actor: PAULA, figures: FIGURES });

function check(
  actor: Actor,
  unverified: UnverifiedDecisions = 'refused',
  change: { action?: AuditAction; figures?: object; recordId?: string } = {},
) {
  const { action = 'confirm', figures = FIGURES, recordId = 'one' } = change;
  return checkDecision(recordId, { actor, action, facts: { figures } }, { proofs, unverified });
}

describe('the proof of a decision', () => {
  it('makes it verified, and stays out of the trail', () => {
    const checked = check({ ...PAULA, isVerified: true, proof });
    expect(checked.isRefused).toBe(false);
    expect(checked.actor).toEqual({ ...PAULA, isVerified: true });
  });

  it.each([
    ['another deal', { recordId: 'two' }, {}],
    ['another act', { action: 'rejected' as const }, {}],
    ['other figures', { figures: { ...FIGURES, totalIncludingTax: '169.47' } }, {}],
    ['another person', {}, { name: 'Mallory' }],
    ['another way', {}, { source: 'api' as const }],
  ])('is worth nothing for %s', (_what, change, actor) => {
    const checked = check({ ...PAULA, ...actor, isVerified: true, proof }, 'accepted', change);
    expect(checked.actor).toMatchObject({ isVerified: false });
  });

  it('is worth nothing when it is missing, made up, of other keys or old', () => {
    const others = createDecisionProofs(openKeyRing({ kind: 'text', text: createKeyLine() }), { now: () => now });
    const foreign = others.prove({ recordId: 'one', action: 'confirm', actor: PAULA, figures: FIGURES });
    for (const made of [undefined, 'made up', foreign])
      expect(check({ ...PAULA, isVerified: true, proof: made })).toMatchObject({ isRefused: true });
    now = new Date('2031-05-05T08:00:01Z');
    expect(check({ ...PAULA, isVerified: true, proof })).toMatchObject({ isRefused: true });
    now = new Date('2031-05-04T08:00:00Z');
  });
});

describe('a confirmation that nobody proved', () => {
  const signalled: Actor = { name: 'ann', source: 'signal', isVerified: false };
  const typed: Actor = { name: 'ann', source: 'cli', isVerified: false };
  it.each([
    ['accepted', true, true],
    ['by-signal', true, false],
    ['refused', false, false],
  ] as const)('%s: by signal %s, by the command line %s', (unverified, bySignal, byCli) => {
    expect(check(signalled, unverified).isRefused).toBe(!bySignal);
    expect(check(typed, unverified).isRefused).toBe(!byCli);
  });

  it('is not one of the rule, which has a name that no person can have', () => {
    expect(check({ name: 'rule', source: 'rule', isVerified: true }).isRefused).toBe(false);
    expect(check({ name: 'ann', source: 'rule', isVerified: true })).toMatchObject({
      isRefused: true,
      actor: { isVerified: false },
    });
  });

  it('ends nothing else: whoever rejects or retries is recorded as unverified', () => {
    for (const action of ['rejected', 'cancelled', 'retry'] as const)
      expect(check(typed, 'refused', { action })).toMatchObject({ isRefused: false, actor: { isVerified: false } });
  });
});
