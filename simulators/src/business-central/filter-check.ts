import type { Expression } from '../odata/filter.js';
import type { Entity, Field } from './entities.js';
import { BcError } from './errors.js';
import { isDay } from './values.js';

/**
 * What a filter may say before it is looked into: operands of one type, and only what an AL filter can express
 * (reference/business-central 6.1 and 6.2; dynamics365smb-devitpro-pb, webservices/use-filter-expressions-in-odata-uris.md).
 */

type Operand = 'string' | 'enum' | 'number' | 'guid' | 'date' | 'bool' | 'null';
type Compare = Expression & { readonly kind: 'compare' };
type Call = Expression & { readonly kind: 'call' };

const OPERANDS = {
  code: 'string',
  text: 'string',
  guid: 'guid',
  decimal: 'number',
  int: 'number',
  long: 'number',
  bool: 'bool',
  date: 'date',
  moment: 'date',
  enum: 'enum',
} as const satisfies Record<string, Operand>;

/** The functions of the page, by the types of what stands behind the field. */
const FUNCTIONS: Readonly<Record<string, { readonly rest: readonly Operand[]; readonly gives: Operand }>> = {
  contains: { rest: ['string'], gives: 'bool' },
  startswith: { rest: ['string'], gives: 'bool' },
  endswith: { rest: ['string'], gives: 'bool' },
  tolower: { rest: [], gives: 'string' },
  toupper: { rest: [], gives: 'string' },
  substring: { rest: ['number'], gives: 'string' },
};

/** Fields that show a variable of the page: there is no column to filter or to sort by (reference/business-central 2.0, 11.7). */
const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  companyInformation: ['taxRegistrationNumber', 'currencyCode', 'currentFiscalYearStartDate', 'experience'],
  customers: ['taxAreaDisplayName', 'taxRegistrationNumber', 'currencyCode'],
  contacts: ['taxRegistrationNumber'],
  items: ['inventory'],
  salesInvoices: ['currencyCode', 'remainingAmount'],
  salesOrders: ['currencyCode', 'partialShipping'],
  salesQuotes: ['currencyCode'],
  salesCreditMemos: ['currencyCode', 'invoiceId'],
  salesShipments: ['currencyCode'],
  customerPayments: ['appliesToInvoiceId', 'appliesToInvoiceNumber'],
  dimensionSetLines: ['valueId', 'valueCode'],
};

/** @throws BcError when there is no such field. */
export function findField(entity: Entity, name: string): Field {
  const field = entity.fields.get(name);
  if (field) return field;
  throw refused(`Could not find a property named '${name}' on type 'Microsoft.NAV.${entity.type}'.`);
}

/** @throws BcError when there is no such field, or no column behind it. */
export function findColumn(entity: Entity, name: string): Field {
  const field = findField(entity, name);
  if (field.kind === 'stream' || VARIABLES[entity.set]?.includes(name))
    throw refused(
      `The property '${name}' of type 'Microsoft.NAV.${entity.type}' cannot be used in $filter or $orderby.`,
    );
  return field;
}

/** @throws BcError as Business Central refuses such a filter. */
export function checkFilter(entity: Entity, filter: Expression): void {
  // Silently ignored with all that stands beside it (reference/business-central 6.1).
  if (filter.kind === 'lambda') return;
  if (typeOf(entity, filter) !== 'bool')
    throw refused('The $filter expression must evaluate to a single boolean value.');
}

function typeOf(entity: Entity, expression: Expression): Operand {
  switch (expression.kind) {
    case 'logic':
      checkFilter(entity, expression.left);
      checkFilter(entity, expression.right);
      return 'bool';
    case 'compare':
      checkCompare(entity, expression);
      return 'bool';
    case 'not':
      throw noApproximation("The operator 'not'");
    case 'call':
      return checkCall(entity, expression);
    case 'path':
      return OPERANDS[findColumn(entity, expression.path.join('/')).kind as keyof typeof OPERANDS];
    case 'literal':
      return typeOfLiteral(expression);
    default:
      return 'bool';
  }
}

function typeOfLiteral({ of, value }: Expression & { readonly kind: 'literal' }): Operand {
  if (of === 'word') return value === null ? 'null' : 'bool';
  if (of === 'date' && !isDay(String(value).slice(0, 10)))
    throw refused(`Unrecognized 'Edm.Date' literal '${String(value)}' in the filter.`);
  return of;
}

function checkCompare(entity: Entity, { left, right }: Compare): void {
  const [a, b] = [typeOf(entity, left), typeOf(entity, right)];
  if (isOfField(left) === isOfField(right))
    throw noApproximation('A comparison that is not one of a field with a value');
  const isSame =
    a === b || a === 'null' || b === 'null' || (a === 'enum' && b === 'string') || (a === 'string' && b === 'enum');
  if (!isSame)
    throw refused(
      `A binary operator with incompatible types was detected. Found operand types '${a}' and '${b}' for the comparison.`,
    );
}

function isOfField(expression: Expression): boolean {
  return expression.kind !== 'literal';
}

function checkCall(entity: Entity, { name, args }: Call): Operand {
  const known = FUNCTIONS[name];
  if (!known) throw noApproximation(`The function '${name}'`);
  const [field, ...rest] = args;
  // dynamics365smb-devitpro-pb, webservices/use-filter-expressions-in-odata-uris.md: from $schemaversion=2.1 on.
  if (args.some((arg) => arg.kind === 'call'))
    throw refused('Nested function calls in a filter: not supported before $schemaversion=2.1.');
  const isKnown =
    field?.kind === 'path' &&
    typeOf(entity, field) === 'string' &&
    (rest.length === known.rest.length || (name === 'substring' && rest.length === 2)) &&
    rest.every((arg, index) => arg.kind === 'literal' && typeOfLiteral(arg) === (known.rest[index] ?? 'number'));
  if (!isKnown)
    throw refused(`No function signature for the function with name '${name}' matches the specified arguments.`);
  return known.gives;
}

function refused(message: string): BcError {
  return new BcError(400, 'BadRequest', message);
}

function noApproximation(what: string): BcError {
  return refused(`${what} in a filter has no equivalent in an AL filter.`);
}
