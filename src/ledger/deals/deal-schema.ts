import { z } from 'zod';
import type {
  Address,
  Customer,
  DealLine,
  ExtraColumns,
  Lineage,
  LineProduct,
  RecordRef,
  SalesNumbers,
  WonDeal,
} from '../../deal/deal.js';
import { SOURCE_TABLES } from '../../deal/ids.js';
import { contentOf, decimalText } from '../stored-content.js';

/** A deal as the ledger stores it at each revision, version 1. */

const text = z.string();
const columns = z.record(z.string(), z.string());
const rowsOfColumns = z.record(z.string(), columns);

const address = contentOf<Address>({
  name: text.optional(),
  line1: text.optional(),
  line2: text.optional(),
  line3: text.optional(),
  city: text.optional(),
  state: text.optional(),
  postalCode: text.optional(),
  country: text.optional(),
});

const customer = contentOf<Customer>({
  accountId: text,
  kind: z.enum(['account', 'contact']),
  number: text.optional(),
  name: text,
  isActive: z.boolean(),
  email: text.optional(),
  phone: text.optional(),
  website: text.optional(),
  currency: text.optional(),
  address,
});

const product = contentOf<LineProduct>({
  productId: text,
  number: text,
  name: text,
  isActive: z.boolean(),
  isService: z.boolean(),
  type: z.enum(['inventory', 'charge', 'service', 'fee']).optional(),
});

const line = contentOf<DealLine>({
  lineId: text,
  sequence: z.number(),
  product: product.optional(),
  description: text,
  unit: text.optional(),
  unitId: text.optional(),
  quantity: decimalText,
  unitPrice: decimalText,
  discount: decimalText,
  tax: decimalText,
  pricingErrorCode: z.number(),
  role: z.enum(['product', 'bundle', 'member', 'project-service']),
  bundleLineId: text.optional(),
  memo: text.optional(),
  unitFactor: decimalText.optional(),
  baseUnit: text.optional(),
});

const recordRef = contentOf<RecordRef>({ table: z.enum(SOURCE_TABLES), recordId: text });

const lineage = contentOf<Lineage>({
  opportunityId: text.optional(),
  quoteId: text.optional(),
  descendants: z.array(recordRef),
  endedDescendants: z.array(recordRef).optional(),
});

const salesNumbers = contentOf<SalesNumbers>({
  customer: z.object({ number: text.optional() }).optional(),
  lines: columns,
  named: z.record(text, z.literal(true)).optional(),
});

const extra = contentOf<ExtraColumns>({
  record: columns,
  account: columns,
  contact: columns,
  owner: columns,
  lines: rowsOfColumns,
  products: rowsOfColumns,
});

export const dealContent = contentOf<WonDeal>({
  table: z.enum(SOURCE_TABLES),
  recordId: text,
  revision: text,
  number: text,
  name: text,
  seller: text.optional(),
  stateCode: z.number(),
  lineage,
  customer: customer.optional(),
  parentAccount: text.optional(),
  currency: text.optional(),
  currencyId: text.optional(),
  currencyDecimals: z.number().optional(),
  priceListId: text.optional(),
  lines: z.array(line),
  headerDiscount: decimalText,
  freight: decimalText,
  tax: decimalText,
  totalLessFreight: decimalText,
  total: decimalText,
  pricingErrorCode: z.number(),
  requestedDelivery: text.optional(),
  shipTo: address.optional(),
  priceListName: text.optional(),
  salesNumbers: salesNumbers.optional(),
  extra,
});
