import type { FieldValues } from '../../deal/document.js';
import { isGuid } from '../../deal/ids.js';
import type { Preview } from './preview.js';

/** What of one document is another one in a second preview of it, in words that people know: ids say nothing to anybody. */

export interface PreviewChange {
  /** `company`, `document.kind`, `document.shipToCity`, `line 1.unitPrice`, `create-customer C10001.displayName`, `problem 1`. */
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export function findChanges(before: Preview, after: Preview): PreviewChange[] {
  const left = flatten(before);
  const right = flatten(after);
  const names = [...new Set([...left.keys(), ...right.keys()])];
  return [
    ...findOtherCompany(before, after),
    ...names
      .map((field) => ({ field, before: left.get(field), after: right.get(field) }))
      .filter((change) => change.before !== change.after),
  ];
}

/** The same company may be named by a rule or be the default one, so that the ids are compared and the names shown. */
function findOtherCompany({ masters: before }: Preview, { masters: after }: Preview): PreviewChange[] {
  if (before.companyId === after.companyId) return [];
  const nameOf = ({ company }: Preview['masters']): string => company ?? 'the default company';
  return [{ field: 'company', before: nameOf(before), after: nameOf(after) }];
}

/** What stands beside an id as the number or code of the same thing. */
const NUMBERS: Readonly<Record<string, string>> = {
  customerId: 'customerNumber',
  billToCustomerId: 'billToCustomerNumber',
  itemId: 'lineObjectNumber',
  accountId: 'lineObjectNumber',
  unitOfMeasureId: 'unitOfMeasureCode',
};
function flatten(preview: Preview): Map<string, string> {
  const flat = new Map<string, string>();
  const codes = new Map(
    preview.notes.flatMap(({ field, code }) => (code === undefined ? [] : [[field, code] as const])),
  );
  const put = (prefix: string, values: FieldValues): void => {
    for (const [name, value] of Object.entries(values)) {
      const field = `${prefix}.${name}`;
      const shown = typeof value === 'string' && isGuid(value) ? codes.get(field) : String(value);
      // Of a customer or an item the number is compared; of anything else an id without a code has come from its master row.
      if (shown !== undefined && NUMBERS[name] === undefined) flat.set(field, shown);
    }
  };
  if (preview.document) {
    const { kind, becomes } = preview.document;
    flat.set('document.kind', becomes === undefined ? kind : `${kind}, then ${becomes}`);
    put('document', preview.document.header.values);
    for (const { values } of preview.document.lines) put(`line ${Number(values['sequence']) / 10_000}`, values);
  }
  for (const { step, number, fields } of preview.plan) put(`${step} ${number}`, fields);
  preview.problems.forEach(({ reason, text }, index) => {
    flat.set(`problem ${index + 1}`, `${reason}: ${text}`);
  });
  return flat;
}
