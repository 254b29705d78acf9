import { ofRun } from './run-state.js';

/**
 * Whether decisions by signal count that nobody sealed, as the ledger's step says when the run begins: so the history holds
 * the answer, and a setting that changes later does not change what was decided. A step of its own at each signal would race
 * with what the run does meanwhile, and a replay could end them in another order.
 */
const decisions = ofRun('unsealed decisions', () => ({ isTaken: false }));

export function allowUnsealedDecisions(isAllowed: boolean): void {
  decisions().isTaken = isAllowed;
}

export function takesUnsealedDecisions(): boolean {
  return decisions().isTaken;
}
