/** The rules of a fault run, and what of them its outcome is examined by. */

/** The accounts of lines that are no product, and of freight. */
export const WRITE_IN_ACCOUNT = '8400';
export const FREIGHT_ACCOUNT = '8410';
/** Of an opportunity: the number of its posted invoice. */
export const NUMBER_COLUMN = 'bc_postedinvoicenumber';

/** What comes to more is confirmed by a person, in whatever currency. */
const MOST_BY_RULE = '80000';

export const toRules = (orderPosting: 'ship-and-invoice' | 'warehouse'): string => `
confirmation: { automaticBelow: "${MOST_BY_RULE}" }
createCustomers: true
createItems: true
writeInAccount: "${WRITE_IN_ACCOUNT}"
freightAccount: "${FREIGHT_ACCOUNT}"
tables: { countries: { Germany: DE, United Kingdom: GB, United States: US, Austria: AT } }
opportunityColumns: { invoiceNumber: ${NUMBER_COLUMN} }
documents: { quoteWon: { quote: invoice }, orderCreated: order, orderSubmitted: order }
orderPosting: ${orderPosting}
closeOrders: true
settleSeconds: 1
feeds: { everySeconds: 2, pageSize: 200 }
invoiceFeed: { everySeconds: 2, overlapSeconds: 20 }
`;
