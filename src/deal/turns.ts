import type { DealState } from './states.js';

/** Who has to do something for a deal that waits without being held; a hold says so itself. */
export interface Turn {
  readonly owner: string;
  readonly nextStep: string;
}

const TURNS: Partial<Readonly<Record<DealState, Turn>>> = {
  'awaiting-confirmation': { owner: 'approver', nextStep: 'Confirm or reject the draft.' },
  'awaiting-shipment': { owner: 'warehouse', nextStep: 'Ship and invoice the order in Business Central.' },
};

export function findTurn(state: DealState): Turn | undefined {
  return TURNS[state];
}
