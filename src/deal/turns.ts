import { DEAL_STATES, type DealState } from './states.js';

/** Who has to do something for a deal that waits without being held; a hold says so itself. */
/** Who acts on a deal that is not held. */
export const TURN_OWNERS = ['approver', 'warehouse'] as const;
export type TurnOwner = (typeof TURN_OWNERS)[number];

export interface Turn {
  readonly owner: string;
  readonly nextStep: string;
}

const TURNS: Partial<Readonly<Record<DealState, Turn & { readonly owner: TurnOwner }>>> = {
  'awaiting-confirmation': { owner: 'approver', nextStep: 'Confirm or reject the draft.' },
  'awaiting-shipment': { owner: 'warehouse', nextStep: 'Ship and invoice the order in Business Central.' },
};

/** The states in which a deal waits for them. */
export function statesOf(owner: TurnOwner): DealState[] {
  return DEAL_STATES.filter((state) => TURNS[state]?.owner === owner);
}

export function isTurnOwner(owner: string): owner is TurnOwner {
  return (TURN_OWNERS as readonly string[]).includes(owner);
}

export function findTurn(state: DealState): Turn | undefined {
  return TURNS[state];
}
