import type { FlowRules } from './flows-file.js';

/** Which columns of Sales the flows write, and of which types they may be. */

/**
 * `text` and `date` as they are, `number` a quantity, `amount` a sum of money, `state` a word of which `none` says no.
 */
export type FlowValueKind = 'text' | 'date' | 'number' | 'amount' | 'state';

export interface FlowColumn {
  readonly table: 'account' | 'invoice' | 'product' | 'salesorder' | 'salesorderdetail';
  readonly column: string;
  readonly kind: FlowValueKind;
  /** Of a text; whatever else is written into a column of text is shorter than any that people make. */
  readonly length?: number;
}

const TEXTS = ['String', 'Memo'];
/** Types of columns as the metadata of Dataverse name them. */
export const FLOW_TYPES: Readonly<Record<FlowValueKind, readonly string[]>> = {
  text: TEXTS,
  date: [...TEXTS, 'DateTime'],
  number: [...TEXTS, 'Decimal', 'Double', 'Integer'],
  amount: [...TEXTS, 'Decimal', 'Double', 'Money'],
  state: [...TEXTS, 'Boolean'],
};

const KINDS: Readonly<Record<string, FlowValueKind>> = {
  number: 'text',
  method: 'text',
  date: 'date',
  quantity: 'number',
  inventory: 'number',
  blocked: 'state',
};

/** Several shipments or credit memos have their numbers in one column, with commas between them; a method is a Code[10]. */
const LENGTHS: Readonly<Record<string, number>> = { number: 100, method: 10 };

export function flowColumns({ creditMemos, shipments, customerFinances, stock }: FlowRules): FlowColumn[] {
  const of = (table: FlowColumn['table'], columns: Readonly<Record<string, string | undefined>> = {}): FlowColumn[] =>
    Object.entries(columns).flatMap(([name, column]) =>
      column === undefined
        ? []
        : [{ table, column, kind: KINDS[name] ?? 'amount', ...(LENGTHS[name] && { length: LENGTHS[name] }) }],
    );
  return [
    ...of('invoice', creditMemos?.columns),
    ...of('salesorder', shipments?.columns),
    ...of('salesorderdetail', { quantity: shipments?.lineColumn }),
    ...of('account', customerFinances?.columns),
    ...of('product', stock?.columns),
  ];
}
