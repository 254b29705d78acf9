import { z } from 'zod';
import type { RecordRef } from '../deal/deal.js';
import { isSourceTable, parseRecordId } from '../deal/ids.js';

/** Reads which record a Dataverse webhook speaks of (dataverse reference 5.4 and 5.6); the rest is never trusted. */

const parameter = z.object({ key: z.string(), value: z.unknown() });
const context = z.object({
  MessageName: z.string(),
  PrimaryEntityName: z.string(),
  PrimaryEntityId: z.string(),
  InputParameters: z.array(parameter).optional(),
  OutputParameters: z.array(parameter).optional(),
});

const entity = z.object({ Attributes: z.array(parameter) });
const reference = z.object({ Id: z.string() });

const ZERO_ID = '00000000-0000-0000-0000-000000000000';
/** Where Win, Close and Cancel carry the id: the close activity refers to its record. */
const CLOSE_PARAMETERS: Readonly<Record<string, readonly [string, string]>> = {
  opportunity: ['OpportunityClose', 'opportunityid'],
  quote: ['QuoteClose', 'quoteid'],
  salesorder: ['OrderClose', 'salesorderid'],
};

export type HintReading =
  | { readonly kind: 'record'; readonly ref: RecordRef; readonly message: string }
  | { readonly kind: 'bad'; readonly problem: string };

export function readHint(body: unknown): HintReading {
  const parsed = context.safeParse(body);
  if (!parsed.success) {
    const where = parsed.error.issues.map((issue) => issue.path.join('.') || 'body').join(', ');
    return { kind: 'bad', problem: `not a RemoteExecutionContext: ${where}` };
  }
  const hint = parsed.data;
  const table = hint.PrimaryEntityName;
  if (!isSourceTable(table)) {
    return { kind: 'bad', problem: `PrimaryEntityName: found '${table}', opportunity, quote or salesorder is right` };
  }
  const id = findRecordId(hint, table);
  if (!id) return { kind: 'bad', problem: `no record id in a ${hint.MessageName} of ${table}` };
  try {
    return { kind: 'record', ref: { table, recordId: parseRecordId(id) }, message: hint.MessageName };
  } catch (error) {
    return { kind: 'bad', problem: error instanceof Error ? error.message : String(error) };
  }
}

function findRecordId(hint: z.infer<typeof context>, table: string): string | undefined {
  const inputs = hint.InputParameters ?? [];
  const moniker = reference.safeParse(parameterOf(inputs, 'EntityMoniker')).data?.Id;
  if (moniker) return moniker;
  const [parameterName, attribute] = CLOSE_PARAMETERS[table] ?? ['', ''];
  const close = entity.safeParse(parameterOf(inputs, parameterName)).data;
  if (close) return reference.safeParse(parameterOf(close.Attributes, attribute)).data?.Id;
  if (hint.PrimaryEntityId !== ZERO_ID) return hint.PrimaryEntityId;
  const created = parameterOf(hint.OutputParameters ?? [], 'id');
  return typeof created === 'string' ? created : undefined;
}

function parameterOf(parameters: readonly { key: string; value?: unknown }[], key: string): unknown {
  return parameters.find((parameter) => parameter.key === key)?.value;
}
