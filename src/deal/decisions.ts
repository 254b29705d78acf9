import { ACTOR_SOURCES, type Actor, type ActorSource } from './actor.js';
import type { ChangeHint } from './change-hints.js';
import type { Figures } from './deal.js';
import { DealbridgeError } from './errors.js';
import type { Replay } from './replay.js';

/**
 * What people say to a running deal, parsed strictly and without a library: this runs in the workflow's sandbox. An input
 * that does not fit is refused whole, with the field, what was found and what would be right (I10).
 */

export interface Confirmation {
  readonly actor: Actor;
  readonly note: string | undefined;
  /** The figures that were seen: they must be the draft's, all of them (I2). */
  readonly figures: Figures;
}

export interface Ending {
  readonly actor: Actor;
  readonly reason: string;
}

/** A decision that does not fit; the message is for the person who made it. */
export class DecisionError extends DealbridgeError {
  constructor(field: string, expected: string, found: unknown) {
    super('invalid-decision', `${field}: expected ${expected}, got ${describe(found)}`);
  }
}

export function parseConfirmation(input: unknown): Confirmation {
  const fields = parseFields(input, ['by', 'actor', 'note', 'figures']);
  return {
    actor: parseActor(fields),
    note: parseOptionalText(fields, 'note'),
    figures: parseFigures(fields['figures']),
  };
}

export function parseEnding(input: unknown): Ending {
  const fields = parseFields(input, ['by', 'actor', 'reason']);
  return { actor: parseActor(fields), reason: parseText(fields['reason'], 'reason', MAX_TEXT_LENGTH) };
}

/** Of a message that says nothing but who sends it. */
export function parseDecider(input: unknown): Actor {
  return parseActor(parseFields(input, ['by', 'actor']));
}

export function parseReplay(input: unknown): Replay {
  const fields = parseFields(input, ['by', 'actor', 'revision', 'mapping']);
  const actor = parseActor(fields);
  const revision = parseOptionalText(fields, 'revision');
  const mapping = parseOptionalText(fields, 'mapping');
  return { actor, ...(revision !== undefined && { revision }), ...(mapping !== undefined && { mapping }) };
}

/** From feeds and webhooks; the same strictness, since anybody at Temporal may send it. */
export function parseChangeHint(input: unknown): ChangeHint {
  const { at } = parseFields(input, ['at', 'revision', 'isDeleted', 'invoiceId', 'etag'], 'hint');
  switch (at) {
    case 'dataverse': {
      const fields = parseFields(input, ['at', 'revision', 'isDeleted'], 'hint');
      const revision = parseOptionalText(fields, 'revision');
      const isDeleted = fields['isDeleted'];
      if (isDeleted !== undefined && typeof isDeleted !== 'boolean')
        throw new DecisionError('isDeleted', 'true or false', isDeleted);
      return { at, ...(revision !== undefined && { revision }), ...(isDeleted !== undefined && { isDeleted }) };
    }
    case 'business-central': {
      const fields = parseFields(input, ['at', 'invoiceId', 'etag'], 'hint');
      return {
        at,
        invoiceId: parseText(fields['invoiceId'], 'invoiceId', MAX_NAME_LENGTH),
        etag: parseText(fields['etag'], 'etag', MAX_TEXT_LENGTH),
      };
    }
    case 'masters':
      parseFields(input, ['at'], 'hint');
      return { at };
    default:
      throw new DecisionError('at', "'dataverse', 'business-central' or 'masters'", at);
  }
}

const MAX_NAME_LENGTH = 100;
const MAX_TEXT_LENGTH = 2_000;

type Fields = Readonly<Record<string, unknown>>;

function parseFields(input: unknown, known: readonly string[], name = 'input'): Fields {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new DecisionError(name, `an object with ${known.join(', ')}`, input);
  }
  const unknown = Object.keys(input).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new DecisionError(name, `no other fields than ${known.join(', ')}`, unknown);
  return input as Fields;
}

/** Our own programs name the whole actor; a person with Temporal's tools gives a name, which nobody proved. */
function parseActor({ by, actor }: Fields): Actor {
  if (actor === undefined) {
    return { name: parseName(by, 'by'), source: 'signal', isVerified: false };
  }
  if (by !== undefined) throw new DecisionError('by', 'nothing beside actor', by);
  const fields = parseFields(actor, ['name', 'source', 'isVerified'], 'actor');
  const { source, isVerified } = fields;
  if (!isSource(source)) throw new DecisionError('actor.source', `one of ${ACTOR_SOURCES.join(', ')}`, source);
  if (typeof isVerified !== 'boolean') throw new DecisionError('actor.isVerified', 'true or false', isVerified);
  return { name: parseName(fields['name'], 'actor.name'), source, isVerified };
}

/** The trail and the ledger name what did something without a person by these. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['sales', 'rule', 'dealbridge']);

function parseName(input: unknown, field: string): string {
  const name = parseText(input, field, MAX_NAME_LENGTH);
  if (RESERVED_NAMES.has(name.toLowerCase())) throw new DecisionError(field, 'the name of a person', input);
  return name;
}

function isSource(source: unknown): source is ActorSource {
  return (ACTOR_SOURCES as readonly unknown[]).includes(source);
}

const AMOUNT = /^-?\d+(\.\d+)?$/;
const CURRENCY = /^[A-Z]{3}$/;

function parseFigures(input: unknown): Figures {
  const fields = parseFields(input, ['documentNumber', 'totalIncludingTax', 'currency'], 'figures');
  const { totalIncludingTax, currency } = fields;
  const documentNumber = parseText(fields['documentNumber'], 'figures.documentNumber', MAX_NAME_LENGTH);
  if (typeof totalIncludingTax !== 'string' || !AMOUNT.test(totalIncludingTax)) {
    throw new DecisionError('figures.totalIncludingTax', "a decimal as text, such as '169.46'", totalIncludingTax);
  }
  if (typeof currency !== 'string' || !CURRENCY.test(currency)) {
    throw new DecisionError('figures.currency', 'an ISO code such as EUR', currency);
  }
  return { documentNumber, totalIncludingTax, currency };
}

function parseText(input: unknown, field: string, maxLength: number): string {
  const text = typeof input === 'string' ? input.trim() : '';
  if (text === '' || text.length > maxLength) {
    throw new DecisionError(field, `a text of 1 to ${maxLength} characters`, input);
  }
  return text;
}

function parseOptionalText(fields: Fields, field: string): string | undefined {
  const input = fields[field];
  return input === undefined ? undefined : parseText(input, field, MAX_TEXT_LENGTH);
}

const SHOWN_LENGTH = 60;

/** JSON as it came, cut: it may be anything and of any size. */
function describe(found: unknown): string {
  if (found === undefined) return 'nothing';
  const text = JSON.stringify(found) ?? String(found);
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}
