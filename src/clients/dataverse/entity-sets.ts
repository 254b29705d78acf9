/** By the name of the table; the paths of the Web API begin with it. */
export const ENTITY_SETS = {
  opportunity: 'opportunities',
  quote: 'quotes',
  salesorder: 'salesorders',
  salesorderdetail: 'salesorderdetails',
  invoice: 'invoices',
  account: 'accounts',
  contact: 'contacts',
  product: 'products',
} as const;
