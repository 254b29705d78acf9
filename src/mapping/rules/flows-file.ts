import { z } from 'zod';

/** The part of the rules file that says what flows back; what it does not name stays off. */

const column = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a column such as new_balance, in lower case and without a table');

const columnsOf = <Name extends string>(...names: readonly Name[]) =>
  z
    .strictObject(Object.fromEntries(names.map((name) => [name, column.optional()])) as Record<Name, Optional>)
    .refine((columns) => Object.values(columns).some((one) => one !== undefined), {
      message: `at least one of ${names.join(', ')}`,
    })
    .refine((columns) => isEachOnce(Object.values(columns).filter((one) => one !== undefined)), {
      message: 'another column for each of them',
    });

function isEachOnce(columns: readonly unknown[]): boolean {
  return new Set(columns).size === columns.length;
}

type Optional = z.ZodOptional<typeof column>;

const everyMinutes = z.number().int().min(1).max(10_080);
/** Files are held in memory, one at a time. */
const maxMegabytes = z.number().positive().max(96).default(10).describe('Larger files are noted and not carried');
const from = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()])
  .transform((day) => new Date(day))
  .optional()
  .describe('Where the first reading starts; now, when it is not given');

export const flows = z.strictObject({
  invoicePdf: z
    .strictObject({ maxMegabytes, everyMinutes: everyMinutes.default(1) })
    .optional()
    .describe('The posted invoice as PDF, a note of the invoice row'),
  creditMemos: z
    .strictObject({ columns: columnsOf('number', 'amount', 'date'), everyMinutes: everyMinutes.default(1), from })
    .optional()
    .describe('Posted credit memos, columns of the row of the invoice that they correct'),
  shipments: z
    .strictObject({
      columns: columnsOf('number', 'date', 'quantity', 'method').optional(),
      lineColumn: column.optional().describe('Column of the order line that takes the quantity that was shipped of it'),
      notes: z.boolean().default(true).describe('A note on an order that takes no columns, because it is submitted'),
      everyMinutes: everyMinutes.default(1),
      from,
    })
    .optional()
    .describe('Posted shipments, columns of the order in Sales'),
  customerFinances: z
    .strictObject({
      columns: columnsOf('balance', 'overdue', 'sales', 'creditLimit', 'blocked'),
      everyMinutes: everyMinutes.default(60),
    })
    .optional()
    .describe('Figures of the customer, columns of the account'),
  stock: z
    .strictObject({
      columns: columnsOf('inventory', 'unitPrice').optional(),
      priceList: z
        .guid()
        .transform((id) => id.toLowerCase())
        .optional()
        .describe('GUID of a price list whose entries take the unit price'),
      everyMinutes: everyMinutes.default(60),
    })
    .refine((rule) => rule.columns !== undefined || rule.priceList !== undefined, {
      message: 'columns or priceList, or both',
    })
    .optional()
    .describe('Stock and unit price of the item, columns of the product'),
  attachments: z
    .strictObject({
      names: z.array(z.string().min(1)).min(1).default(['*.pdf']).describe('Names of files; * stands for anything'),
      maxMegabytes,
      everyMinutes: everyMinutes.default(5),
    })
    .optional()
    .describe('Files of the won record, attachments of the document in Business Central'),
});
export type FlowRules = z.output<typeof flows>;

/** The rest of the rules, as far as it says what Business Central is told. */
interface WrittenByRules {
  readonly flows: FlowRules;
  readonly masters: { readonly pushPrices: boolean };
  readonly mapping: Readonly<Record<'customer' | 'item', Readonly<Record<string, unknown>>>>;
}

/** A value that one rule brings to Business Central and another one brings from there would chase itself. */
export function refuseChased(
  { flows: { customerFinances, stock }, masters, mapping }: WrittenByRules,
  context: z.RefinementCtx,
) {
  const refuse = (path: readonly string[], message: string): void =>
    context.addIssue({ code: 'custom', path: ['flows', ...path], message });
  for (const [flow, columns, section, row] of [
    ['customerFinances', customerFinances?.columns, 'customer', 'account'],
    ['stock', stock?.columns, 'item', 'product'],
  ] as const) {
    const read = new Set(Object.values(mapping[section]).flatMap(columnsIn));
    for (const [name, column] of Object.entries(columns ?? {})) {
      if (column === undefined || !(read.has(column) || read.has(`${row}.${column}`))) continue;
      refuse(
        [flow, 'columns', name],
        `a column that mapping.${section} does not read: what comes back would go out again`,
      );
    }
  }
  const brings = stock?.columns?.unitPrice !== undefined || stock?.priceList !== undefined;
  if (masters.pushPrices && brings)
    refuse(
      ['stock'],
      'no unitPrice and no priceList while masters.pushPrices brings the prices of Sales the other way',
    );
}

const withColumn = z.looseObject({ column: z.union([z.string(), z.array(z.string())]) });

function columnsIn(rule: unknown): string[] {
  const { data } = withColumn.safeParse(rule);
  return data ? [data.column].flat() : [];
}
