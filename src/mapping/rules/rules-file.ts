import { z } from 'zod';
import { toCode } from '../../deal/codes.js';
import { APPLICATION_NAME } from '../../deal/companies.js';
import { DOCUMENT_KINDS, QUOTE_SUCCESSORS } from '../../deal/deal.js';
import { EXTERNAL_NUMBER_FORMS } from '../../deal/document-number.js';
import { UserError } from '../../deal/errors.js';
import { DEAL_EVENTS } from '../../deal/events.js';
import { FEED_TABLES, SOURCE_TABLES } from '../../deal/ids.js';
import { LINE_KINDS, SALES_LINES } from '../../deal/line-rules.js';
import { toLinearPattern } from '../../deal/linear-pattern.js';
import { SELLER_NOTE_PLACES } from '../../deal/seller-notes.js';
import { DIFFERENCE_CAUSES } from '../../deal/totals.js';
import { CODE_TABLES, type Section, TARGETS } from '../fields/targets.js';
import { alerts } from './alerts-file.js';
import { application, companyRule, refuseUnknownApplications } from './companies-file.js';
import { approvalRule, confirmation } from './confirmation-file.js';
import { flows, refuseChased } from './flows-file.js';
import { timeOfDay, timeZone } from './times.js';
import { amount, column, oneOrMore, text } from './written-values.js';

/** What may stand in the rules file (`DEALBRIDGE_RULES`); anything else is a fault with its line and column. */

const codeTable = z
  .record(z.string(), text)
  .default({})
  .transform((table) => Object.fromEntries(Object.entries(table).map(([key, code]) => [toCode(key), code])));

/** What fills one field. */
const fieldRule = z
  .strictObject({
    column: oneOrMore(column).optional().describe('Column of Sales; of several the first that holds something'),
    value: z.union([z.string(), z.number(), z.boolean()]).optional().describe('The same value for every deal'),
    expression: z.string().min(1).optional().describe('JSONata over the deal'),
    table: z.enum(CODE_TABLES).optional().describe('Code table that turns what is found into a code'),
    cut: z.boolean().optional().describe('Cut what is too long, and record it, instead of holding the deal'),
    required: z.boolean().optional().describe('Hold the deal when there is no value'),
    unknown: z
      .enum(['hold', 'leave'])
      .optional()
      .describe('What a value without a code does: hold the deal, or leave the field to Business Central'),
  })
  .refine((rule) => [rule.column, rule.value, rule.expression].filter((one) => one !== undefined).length === 1, {
    message: 'exactly one of column, value and expression',
  });
export type FieldRule = z.output<typeof fieldRule>;

/** `false` leaves the field to Business Central. */
const field = z.union([z.literal(false), fieldRule]).optional();

/** Customers, contacts and items are found again by their number, so Business Central may not choose it. */
const numberField = field.refine((rule) => rule !== false, {
  message: 'a column, a value or an expression: rows are found again by their number, so it is always sent',
});

const fieldsOf = (section: Section) =>
  z
    .strictObject(
      Object.fromEntries([...TARGETS[section].keys()].map((name) => [name, name === 'number' ? numberField : field])),
    )
    .default({});

const dimensions = z.record(z.string().max(20), fieldRule).default({});

const mapping = z.strictObject({
  customer: fieldsOf('customer'),
  contact: fieldsOf('contact'),
  item: fieldsOf('item'),
  document: fieldsOf('document'),
  line: fieldsOf('line'),
  dimensions,
  lineDimensions: dimensions,
  /** Columns that only expressions use. */
  read: z.array(column).default([]),
});

const lineRule = z.strictObject({
  when: z
    .strictObject({
      line: oneOrMore(z.enum(SALES_LINES)).optional(),
      productType: oneOrMore(z.enum(['inventory', 'charge', 'service', 'fee'])).optional(),
      number: z.string().min(1).optional(),
      price: z.strictObject({ below: amount.optional(), atLeast: amount.optional() }).optional(),
      owner: z.string().min(1).optional(),
    })
    .default({}),
  as: z.enum([...LINE_KINDS, 'refuse']),
  number: text.optional(),
});

const onDifference = z.enum(['pass', 'ask', 'refuse']);
const totals = z.strictObject({
  /** By currency; for each line. */
  tolerance: z.record(z.string().regex(/^[A-Z]{3}$/, 'a currency such as EUR'), amount).default({}),
  onDifference: onDifference.default('refuse'),
  causes: z.partialRecord(z.enum(DIFFERENCE_CAUSES), onDifference).default({}),
});

const wins = z.enum(['sales', 'businessCentral', 'newest']);

/** How accounts, contacts and products are kept in agreement with customers, contacts and items. */
const masters = z.strictObject({
  accounts: z.enum(['linked', 'all']).default('linked').describe('Follow accounts that have a customer, or all'),
  products: z.enum(['linked', 'all']).default('linked').describe('Follow products that have an item, or all'),
  match: z.enum(['number', 'ask']).default('number').describe('Whether the same number links, or a person decides'),
  deactivate: z.enum(['block', 'ignore']).default('block').describe('What an inactive or deleted account does'),
  retired: z.enum(['block', 'ignore']).default('block').describe('What a retired or deleted product does'),
  billTo: z.enum(['self', 'parent']).default('self').describe('Who gets the bill of an account with a parent'),
  contacts: z.boolean().default(false).describe('Whether contacts follow their account'),
  renumber: z.boolean().default(false).describe('Whether the customer takes the number of its account'),
  wins: wins.default('sales').describe('Whose value stands'),
  fields: z
    .record(z.string().refine(isMasterField, 'a field such as email or item.displayName'), wins)
    .default({})
    .describe('Fields in which another side wins'),
  createItems: z.boolean().default(false).describe('Create the item of a product that is followed'),
  pushPrices: z.boolean().default(false).describe('Whether prices and costs follow'),
  items: codeTable.describe('Product numbers and their item numbers, where they differ'),
  itemPattern: z
    .strictObject({
      match: z.string().refine(isPattern, 'a regular expression without look-ahead, look-behind and back-references'),
      item: z.string().min(1),
    })
    .optional()
    .describe('Product numbers that match become this; $1 is the first group'),
  quietSeconds: z.number().min(0).max(600).default(2),
  pageSize: z.number().int().min(1).max(5_000).default(500),
  driftAt: timeOfDay.default('04:00'),
});

/** `quote` alone becomes an order. */
const documentRule = z
  .union([z.enum(DOCUMENT_KINDS), z.strictObject({ quote: z.enum(QUOTE_SUCCESSORS) })])
  .default('invoice')
  .describe(
    'invoice, order, quote (which becomes an order once it is confirmed), or { quote: order } or { quote: invoice }',
  );

const feedSettings = {
  everySeconds: z.number().int().min(1).max(86_400),
  pageSize: z.number().int().min(1).max(5_000),
  from: z.union([
    z.literal('now'),
    z.iso.date('now or a date such as 2026-01-31').transform((day) => new Date(`${day}T00:00:00Z`)),
  ]),
};

const feeds = z
  .strictObject({
    everySeconds: feedSettings.everySeconds.default(30),
    pageSize: feedSettings.pageSize.default(500),
    from: feedSettings.from.default('now'),
    countDays: z.number().int().min(1).max(90).default(7),
    countAt: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day (UTC) such as 03:00')
      .default('03:00'),
    tables: z
      .partialRecord(
        z.enum(FEED_TABLES),
        z.strictObject({
          everySeconds: feedSettings.everySeconds.optional(),
          pageSize: feedSettings.pageSize.optional(),
          from: feedSettings.from.optional(),
        }),
      )
      .default({}),
  })
  .prefault({});

const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()]).transform((day) => new Date(day));

const invoiceFeed = z
  .strictObject({
    everySeconds: z.number().int().positive().default(30),
    overlapSeconds: z.number().int().nonnegative().default(120),
    // Business Central's own limit of a page; some hundred invoices with their lines are a few megabytes.
    pageSize: z.number().int().positive().max(20_000).default(500),
    sweepEveryMinutes: z.number().int().positive().max(10_080).default(60),
    from: moment.optional(),
  })
  .prefault({});

const customColumn = z
  .string()
  .regex(/^[a-z0-9]+_[a-z0-9_]+$/, 'a column of your own such as new_handover, in lower case');

/** What the seller hears of a deal, on the timeline of its record, in a column of it, or both. */
const sellerNotes = z
  .strictObject({
    held: z.boolean().default(true).describe('Why a deal waits, and whose turn it is'),
    ended: z.boolean().default(true).describe('That a person rejected or cancelled it'),
    waitingHours: z
      .union([z.literal(false), z.number().positive().max(8_760)])
      .default(24)
      .describe('That nobody has confirmed it for so long'),
    posted: z.enum(['if-told', 'always']).default('if-told').describe('That it is posted, and that it is paid'),
    quietMinutes: z.number().min(0).max(1_440).default(5).describe('What passes sooner is not told'),
    as: z.enum(SELLER_NOTE_PLACES).default('note').describe('Where it stands: a note, a text column, or both'),
    columns: z
      .partialRecord(z.enum(SOURCE_TABLES), customColumn)
      .default({})
      .describe('The column by table; a table without one, and a locked record, has the note'),
  })
  .refine(({ as, columns }) => as === 'note' || Object.keys(columns).length > 0, {
    path: ['columns'],
    message: `a column for one of ${SOURCE_TABLES.join(', ')}, as 'as' wants one`,
  })
  .refine(({ as, columns }) => as !== 'note' || Object.keys(columns).length === 0, {
    path: ['as'],
    message: 'column or both, as columns are named',
  });

const rules = z.strictObject({
  version: z.literal(1).default(1),
  confirmation,
  approval: z.array(approvalRule).default([]),
  createCustomers: z.boolean().default(true),
  createItems: z.boolean().default(false),
  createContacts: z.boolean().default(false),
  createUnits: z.boolean().default(false),
  writeInAccount: text.optional(),
  freightAccount: text.optional(),
  opportunityColumns: z
    .strictObject({ invoiceNumber: z.string().optional(), status: z.string().optional(), total: z.string().optional() })
    .default({}),
  invoiceColumns: z.strictObject({ status: z.string().optional(), remaining: z.string().optional() }).default({}),
  events: z
    .array(z.enum(DEAL_EVENTS))
    .min(1, `at least one of ${DEAL_EVENTS.join(', ')}`)
    .default([...DEAL_EVENTS]),
  settleSeconds: z.number().min(0).max(600).default(2),
  documents: z
    .strictObject({
      opportunityWon: documentRule,
      quoteWon: documentRule,
      orderCreated: documentRule,
      orderSubmitted: documentRule,
    })
    .prefault({}),
  externalDocumentNumber: z
    .enum(EXTERNAL_NUMBER_FORMS)
    .default('readable')
    .describe('The number in Sales with a short tail, or the id of the record alone'),
  orderPosting: z.enum(['ship-and-invoice', 'warehouse']).default('warehouse'),
  closeOrders: z.boolean().default(false),
  feeds,
  invoiceFeed,
  tables: z.strictObject(Object.fromEntries(CODE_TABLES.map((name) => [name, codeTable]))).prefault({}),
  mapping: mapping.prefault({}),
  lineRules: z.array(lineRule).default([]),
  bundles: z.enum(['lines', 'bundle']).default('lines'),
  lineTexts: z.enum(['comments', 'none']).default('comments'),
  convertUnits: z.boolean().default(false),
  grossPriceLists: z.array(z.string().min(1)).default([]),
  businessTimeZone: timeZone.default('UTC'),
  totals: totals.prefault({}),
  masters: masters.prefault({}),
  companies: z.array(companyRule).default([]),
  applications: z
    .record(z.string().regex(APPLICATION_NAME, 'small letters, digits and hyphens, such as us'), application)
    .default({}),
  alerts: alerts.prefault({}),
  sellerNotes: z.union([z.literal(false), sellerNotes]).prefault({}),
  flows: flows.prefault({}),
});

export const rulesFile = rules.superRefine((file, context) => {
  refuseSharedColumn(file, context);
  refuseUnknownApplications(file, context);
  refuseChased(file, context);
});

function refuseSharedColumn({ opportunityColumns, sellerNotes: notes }: RulesFile, context: z.RefinementCtx): void {
  if (!notes || !Object.values(opportunityColumns).includes(notes.columns.opportunity ?? '')) return;
  const path = ['sellerNotes', 'columns', 'opportunity'];
  context.addIssue({ code: 'custom', path, message: 'a column that opportunityColumns does not write' });
}

export type RulesFile = z.output<typeof rules>;

/** JSON Schema of what a person writes, for editors. */
export function toEditorSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(rulesFile, { io: 'input', unrepresentable: 'any' });
  return { $schema, title: 'Rules of Dealbridge', ...schema };
}

/** A field of a customer, contact or item, with or without its section before it. */
function isMasterField(name: string): boolean {
  const [section, field] = name.includes('.') ? name.split('.', 2) : [undefined, name];
  return (['customer', 'contact', 'item'] as const).some(
    (one) => (section === undefined || section === one) && TARGETS[one].has(field ?? ''),
  );
}

function isPattern(text: string): boolean {
  try {
    toLinearPattern(text);
    return text !== '';
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}
