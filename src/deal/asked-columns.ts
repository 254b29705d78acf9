/** What the reading request has to bring besides what every deal needs: still one request. */
export interface AskedColumns {
  readonly rows: Readonly<Record<AskedRow, readonly string[]>>;
  /** Rows that are only read when something needs them. */
  readonly owner: boolean;
  readonly contact: boolean;
  readonly baseUnit: boolean;
  readonly defaultUnit: boolean;
  readonly priceList: boolean;
  /** One more request, for customers whose own currency is not that of the deal. */
  readonly customerCurrency: boolean;
}

/** The column of an account that leads to its parent; asked for where the parent gets the bill. */
export const PARENT_COLUMN = '_parentaccountid_value';

export type AskedRow = 'record' | 'account' | 'contact' | 'owner' | 'line' | 'product';

export const NOTHING_MORE: AskedColumns = {
  rows: { record: [], account: [], contact: [], owner: [], line: [], product: [] },
  owner: false,
  contact: false,
  baseUnit: false,
  defaultUnit: false,
  priceList: false,
  customerCurrency: false,
};
