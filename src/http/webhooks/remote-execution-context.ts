import { z } from 'zod';
import type { RecordRef } from '../../deal/deal.js';
import { UserError } from '../../deal/errors.js';
import { type FeedTable, findGuid, isFeedTable, isSourceTable } from '../../deal/ids.js';
import { toUserError } from '../../operations/input-faults.js';

/**
 * Reads which records a Dataverse webhook speaks of (reference/dataverse-sales 3.8 and 5.4 to 5.7); the rest is never
 * trusted.
 */

/** The members of a list that have this shape: one that has not takes nothing from the others. */
function listOf<T>(shape: z.ZodType<T>): z.ZodType<T[]> {
  return z.array(z.unknown()).transform((list) => list.flatMap((one) => shape.safeParse(one).data ?? []));
}

const parameter = z.object({ key: z.string(), value: z.unknown() });
type Parameter = z.infer<typeof parameter>;
// A body that was cut has null where the parameters were (reference/dataverse-sales 5.7).
const parameters = listOf(parameter).catch([]);
const context = z.object({
  MessageName: z.string(),
  PrimaryEntityName: z.string(),
  // The parameters may name the record where this does not.
  PrimaryEntityId: z.string().optional().catch(undefined),
  InitiatingUserId: z.string().optional().catch(undefined),
  InputParameters: parameters,
  OutputParameters: parameters,
});
type ExecutionContext = z.infer<typeof context>;

const entity = z.object({ Attributes: listOf(parameter) });
const reference = z.object({ Id: z.string() });
/** `Targets` of CreateMultiple and UpdateMultiple: a collection of rows, or a plain list of references. */
const targets = z.union([
  z.object({ Entities: listOf(reference) }).transform((all) => all.Entities),
  listOf(reference),
]);

const ZERO_ID = '00000000-0000-0000-0000-000000000000';
/** Where Win, Lose, Close and Cancel carry the id: the close activity refers to its record. */
const CLOSE_PARAMETERS: Readonly<Record<string, readonly [string, string]>> = {
  opportunity: ['OpportunityClose', 'opportunityid'],
  quote: ['QuoteClose', 'quoteid'],
  salesorder: ['OrderClose', 'salesorderid'],
};
/** ConvertSalesOrderToInvoice, GenerateQuoteFromOpportunity and (un)locking name their record by a plain id. */
const ID_PARAMETERS: Readonly<Record<string, string>> = {
  opportunity: 'OpportunityId',
  quote: 'QuoteId',
  salesorder: 'SalesOrderId',
};

/** What such a message tells makes no deal; it may end one that is known. */
const ENDINGS: ReadonlySet<string> = new Set(['Delete', 'DeleteMultiple', 'Lose', 'Close', 'Cancel']);

interface Hint {
  readonly table: FeedTable;
  readonly message: string;
  readonly initiatingUserId: string | undefined;
}

export type HintReading =
  /** Records that can carry a deal. */
  | (Hint & { readonly kind: 'records'; readonly refs: readonly RecordRef[]; readonly isEnding: boolean })
  /** Nothing but "look": an account, contact or product, or a body that was cut until nobody can tell the record. */
  | (Hint & { readonly kind: 'nudge' })
  /** A step of the customer's own registration that does not concern deals. */
  | { readonly kind: 'unknown-table'; readonly table: string; readonly message: string }
  | { readonly kind: 'bad'; readonly problem: string };

/** `wasCut`: the header x-ms-dynamics-msg-size-exceeded came with it. */
export function readHint(body: unknown, wasCut = false): HintReading {
  const parsed = context.safeParse(body);
  if (!parsed.success) {
    const { message } = toUserError(parsed.error, body, 'body');
    return { kind: 'bad', problem: `not a RemoteExecutionContext: ${message}` };
  }
  const { MessageName: message, PrimaryEntityName: table, InitiatingUserId: userId } = parsed.data;
  if (!isFeedTable(table)) return { kind: 'unknown-table', table, message };
  const hint: Hint = { table, message, initiatingUserId: userId?.toLowerCase() };
  const given = findRecordIds(parsed.data, table);
  const ids = given.flatMap((id) => findGuid(id) ?? []);
  if (ids.length === 0 && !wasCut) return { kind: 'bad', problem: toProblem(given, message, table) };
  if (!isSourceTable(table) || ids.length === 0) return { ...hint, kind: 'nudge' };
  return {
    ...hint,
    kind: 'records',
    refs: [...new Set(ids)].map((recordId) => ({ table, recordId })),
    isEnding: ENDINGS.has(message),
  };
}

function toProblem([given]: readonly string[], message: string, table: FeedTable): string {
  if (!given) return `no record id in a ${message} of ${table}`;
  return new UserError('record id', 'a GUID like 5f3c… in 8-4-4-4-12 form', given).message;
}

function findRecordIds(hint: ExecutionContext, table: FeedTable): string[] {
  const inputs = hint.InputParameters;
  const many = targets.safeParse(parameterOf(inputs, 'Targets')).data;
  if (many) {
    // New rows may have their ids only in the answer.
    const created = listOf(z.string()).safeParse(parameterOf(hint.OutputParameters, 'Ids')).data ?? [];
    return [...many.map(({ Id }) => Id), ...created].filter((id) => id !== ZERO_ID);
  }
  const [closeName, attribute] = CLOSE_PARAMETERS[table] ?? ['', ''];
  const close = entity.safeParse(parameterOf(inputs, closeName)).data;
  const candidates = [
    reference.safeParse(parameterOf(inputs, 'EntityMoniker')).data?.Id,
    // The primary id of these messages is not to be trusted (reference/dataverse-sales 5.6).
    close && (reference.safeParse(parameterOf(close.Attributes, attribute)).data?.Id ?? ''),
    hint.PrimaryEntityId,
    reference.safeParse(parameterOf(inputs, 'Target')).data?.Id,
    textOf(parameterOf(inputs, ID_PARAMETERS[table] ?? '')),
    textOf(parameterOf(hint.OutputParameters, 'id')),
  ];
  const id = candidates.find((candidate) => candidate !== undefined && candidate !== ZERO_ID);
  return id ? [id] : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parameterOf(list: readonly Parameter[], key: string): unknown {
  return list.find((one) => one.key === key)?.value;
}
