import type { Simulators } from '@dealbridge/simulators';
import { expect } from 'vitest';

export interface HeldRequest {
  /** Until it is kept. */
  readonly isHeld: () => Promise<void>;
  readonly release: () => void;
}

/** Keeps one request, or its answer, until it is released: so an attempt hears late, which Temporal takes for dead. */
export function holdRequest(
  simulators: Simulators,
  system: 'dataverse' | 'businessCentral',
  match: { readonly method: string; readonly path: string },
  when: 'before' | 'after',
): HeldRequest {
  const { faults } = simulators[system];
  faults.add({ match, effect: { kind: 'hold', when } });
  return {
    isHeld: () => expect.poll(() => faults.heldCount(), { timeout: 30_000 }).toBe(1),
    release: () => faults.releaseHolds(),
  };
}
