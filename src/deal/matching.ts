import { toCode } from './codes.js';

/** Whether a customer of Business Central may be an account of Sales: keys that both have, and what each is worth. */

export interface Matchable {
  readonly number: string | undefined;
  readonly name: string;
  readonly email: string | undefined;
  readonly taxNumber: string | undefined;
  readonly street: string | undefined;
  readonly postalCode: string | undefined;
}

export const MATCH_KEYS = ['number', 'tax', 'name', 'domain', 'address'] as const;
export type MatchKey = (typeof MATCH_KEYS)[number];

const WORTH: Readonly<Record<MatchKey, number>> = { number: 100, tax: 80, name: 50, domain: 30, address: 30 };
const WORDS: Readonly<Record<MatchKey, string>> = {
  number: 'the same number',
  tax: 'the same tax registration number',
  name: 'the same name',
  domain: 'the same e-mail domain',
  address: 'the same address',
};
/** From here on a person should decide before a second customer is made. */
export const STRONG = 50;
/** A key that more customers share than this says nothing about any of them. */
export const SHARED_BY_MANY = 20;

/** `name:alder maschinen`: two rows that share one may be the same. */
export function toMatchKeys({ number, name, email, taxNumber, street, postalCode }: Matchable): string[] {
  const keys: Record<MatchKey, string | undefined> = {
    number: number === undefined ? undefined : toCode(number),
    tax: taxNumber?.toUpperCase().replaceAll(/[^A-Z0-9]/g, ''),
    name: toNameKey(name),
    domain: email === undefined ? undefined : domainOf(email),
    address: street && postalCode ? `${postalCode.replaceAll(/\s/g, '')} ${toStreetKey(street)}` : undefined,
  };
  return MATCH_KEYS.flatMap((key) => (keys[key] ? [`${key}:${keys[key]}`] : []));
}

export interface MatchScore {
  readonly score: number;
  readonly reasons: readonly string[];
  readonly isByNumber: boolean;
}

export function toScore(left: readonly string[], right: readonly string[]): MatchScore {
  const there = new Set(right);
  const shared = left.filter((key) => there.has(key)).map((key) => key.slice(0, key.indexOf(':')));
  const kinds = MATCH_KEYS.filter((key) => shared.includes(key));
  return {
    score: kinds.reduce((sum, kind) => sum + WORTH[kind], 0),
    reasons: kinds.map((kind) => WORDS[kind]),
    isByNumber: kinds.includes('number'),
  };
}

const LEGAL_FORMS =
  /\b(gmbh|mbh|ag|kg|kgaa|ohg|gbr|ug|se|ltd|limited|plc|llc|llp|inc|corp|corporation|company|co|bv|nv|sa|sas|sarl|spa|srl|ab|as|aps|oy|und|and)\b/g;

function toNameKey(name: string): string | undefined {
  const plain = toPlain(name);
  return plain.replaceAll(LEGAL_FORMS, ' ').replaceAll(/\s+/g, ' ').trim() || plain || undefined;
}

function toStreetKey(street: string): string {
  return toPlain(street)
    .replaceAll(/(strasse|str|street|st)\b/g, 'str')
    .replaceAll(/\s/g, '');
}

/** Small letters and digits with single blanks; ä, é and ß as the letters that people type instead. */
function toPlain(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll('ä', 'ae')
    .replaceAll('ö', 'oe')
    .replaceAll('ü', 'ue')
    .replaceAll(/[&+]/g, ' and ')
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** Everybody's domains say nothing about a company. */
const EVERYBODYS = /^(gmail|googlemail|outlook|hotmail|live|yahoo|icloud|gmx|web|aol|proton|protonmail|t-online)\./;

export function domainOf(email: string): string | undefined {
  const domain = email.trim().toLowerCase().split('@')[1];
  return domain && !EVERYBODYS.test(domain) ? domain : undefined;
}
