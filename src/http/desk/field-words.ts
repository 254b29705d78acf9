/** Fields of plans and documents as a person reads them: `document.shipToCity` is «Ship to city». */

/** Also without its hyphens, as a key that a document carries. */
const GUID = /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;

/** Ids say nothing to anybody, and an empty value is none. */
export function isForPeople([, value]: readonly [string, string | boolean]): boolean {
  return value !== '' && (typeof value !== 'string' || !isId(value));
}

const STEPS: Readonly<Record<string, string>> = {
  'create-customer': 'New customer',
  'create-contact': 'New contact',
  'create-unit': 'New unit',
  'create-item': 'New item',
  'create-invoice': 'New invoice',
  'create-order': 'New order',
  'create-quote': 'New quote',
  'make-order': 'Order of the quote, once it is confirmed',
  'make-invoice': 'Invoice of the quote, once it is confirmed',
  'set-discount': 'Discount on the document',
};

/** Where it stands, and its name. */
export function toFieldWords(field: string): string {
  const problem = /^problem (\d+)$/.exec(field);
  if (problem) return `Hold ${problem[1]}`;
  const line = /^(?:line (\d+)|lines\[(\d+)\])\.(.+)$/.exec(field);
  if (line) return `Line ${line[1] ?? line[2]}: ${toNameWords(line[3] ?? '').toLowerCase()}`;
  const step = /^([a-z]+-[a-z]+) (.+)\.([^.]+)$/.exec(field);
  const title = step && STEPS[step[1] ?? ''];
  if (step && title !== undefined) return `${title} ${step[2]}: ${toNameWords(step[3] ?? '').toLowerCase()}`;
  return toNameWords(field.replace(/^document\.|^extra\.\w+\./, ''));
}

export function isId(text: string): boolean {
  return GUID.test(text);
}

export function toStepWords(step: string): string {
  return STEPS[step] ?? step;
}

/** `totalAmountExcludingTax` and `customer.name` as words; `lineObjectNumber` is a number to everybody, and ids are not shown. */
export function toNameWords(name: string): string {
  const words = name
    .replace(/^lineObject/, '')
    .replace(/Id$/, '')
    .replaceAll('.', ' ')
    .replaceAll(/(?<=[a-z])(?=[A-Z0-9])/g, ' ')
    .toLowerCase();
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
