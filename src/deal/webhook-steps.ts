/** The webhook steps of reference/dataverse-sales 5.2, each asynchronous and after the operation. */

export interface WebhookStepRule {
  readonly table: string;
  readonly message: string;
  /** Columns of which one has to be sent; none: every one. */
  readonly attributes: readonly string[];
  /** Without it only the feed detects deals, some seconds later. */
  readonly isNeeded: boolean;
}

const STATE = ['statecode', 'statuscode'];

export const WEBHOOK_STEPS: readonly WebhookStepRule[] = [
  { table: 'opportunity', message: 'Win', attributes: [], isNeeded: true },
  { table: 'opportunity', message: 'Update', attributes: STATE, isNeeded: true },
  { table: 'quote', message: 'Win', attributes: [], isNeeded: true },
  { table: 'quote', message: 'Close', attributes: [], isNeeded: true },
  { table: 'salesorder', message: 'Create', attributes: [], isNeeded: true },
  { table: 'salesorder', message: 'Update', attributes: STATE, isNeeded: true },
  { table: 'salesorder', message: 'SetState', attributes: [], isNeeded: false },
  { table: 'salesorder', message: 'SetStateDynamicEntity', attributes: [], isNeeded: false },
  { table: 'account', message: 'Update', attributes: [], isNeeded: false },
  { table: 'product', message: 'Update', attributes: [], isNeeded: false },
];

export const AFTER_THE_OPERATION = 40;

/** Below the public address of the starter; the header proves that we gave the address away. */
export const DATAVERSE_WEBHOOK = '/webhooks/dataverse';
export const WEBHOOK_HEADER = 'x-dealbridge-key';
