import type { Actor } from '../deal/actor.js';
import type { Clock } from '../deal/clock.js';
import type { Figures } from '../deal/deal.js';
import { type KeyRing, SealError } from './key-ring.js';

/**
 * A decision travels through Temporal, where anybody with its port may send one. Who authenticated the person seals a proof of
 * the decision beside it: another deal, act, person or figure makes it worth nothing.
 */
export interface DecisionProofs {
  prove(decision: ProvenDecision): string;
  isProved(proof: string, decision: ProvenDecision): boolean;
}

export interface ProvenDecision {
  readonly recordId: string;
  /** As the trail names it. */
  readonly action: string;
  readonly actor: Pick<Actor, 'name' | 'source' | 'personId'>;
  /** Of a confirmation: all of them. */
  readonly figures?: Figures | undefined;
}

/** A decision is checked at once; a worker that was down for a night takes it up in the morning. */
const LIFETIME_MS = 24 * 3_600_000;

export function createDecisionProofs(ring: KeyRing, clock: Clock): DecisionProofs {
  return {
    prove: (decision) =>
      ring.seal(Buffer.from(String(clock.now().getTime())), toPurpose(decision)).toString('base64url'),
    isProved(proof, decision) {
      try {
        const madeAt = Number(ring.open(Buffer.from(proof, 'base64url'), toPurpose(decision)).toString());
        return clock.now().getTime() - madeAt < LIFETIME_MS;
      } catch (error) {
        if (error instanceof SealError) return false;
        throw error;
      }
    },
  };
}

function toPurpose({ recordId, action, actor, figures }: ProvenDecision): string {
  const { documentNumber, totalIncludingTax, currency } = figures ?? {};
  const { name, source, personId } = actor;
  return `decision ${JSON.stringify([recordId, action, name, source, personId, documentNumber, totalIncludingTax, currency])}`;
}
