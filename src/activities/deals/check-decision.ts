import type { Actor } from '../../deal/actor.js';
import type { AuditAction } from '../../deal/audit-actions.js';
import type { Figures } from '../../deal/deal.js';
import { countsUnverified, type UnverifiedDecisions } from '../../deal/unverified-decisions.js';
import type { DecisionProofs } from '../../secrets/decision-proof.js';

export interface DecisionCheck {
  readonly proofs: DecisionProofs;
  readonly unverified: UnverifiedDecisions;
}

export interface Decision {
  readonly actor: string | Actor;
  readonly action: AuditAction;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface CheckedDecision extends Decision {
  /** Nobody proved who made it, and such a decision does not count here. */
  readonly isRefused: boolean;
}

/** A name that no person can have: it stands for the configuration (src/deal/decisions.ts). */
const RULE = 'rule';
const CONFIRM = 'confirm';

/** Whatever an actor says of itself: proved is what its proof says, and the trail holds no more than that. */
export function checkDecision(
  recordId: string,
  decision: Decision,
  { proofs, unverified }: DecisionCheck,
): CheckedDecision {
  const { actor, action, facts } = decision;
  if (typeof actor === 'string' || (actor.name === RULE && actor.source === 'rule'))
    return { ...decision, isRefused: false };
  const { proof, name, source, personId } = actor;
  const figures = facts['figures'] as Figures | undefined;
  // What is void by now was a confirmation when it was proved.
  const proved = { recordId, action: action === 'confirmation is void' ? CONFIRM : action, actor, figures };
  const isVerified = actor.isVerified && proof !== undefined && proofs.isProved(proof, proved);
  const counts = isVerified || countsUnverified(unverified, { source });
  const shown = { name, source, isVerified, ...(isVerified && personId !== undefined && { personId }) };
  return { actor: shown, action, facts, isRefused: action === CONFIRM && !counts };
}
