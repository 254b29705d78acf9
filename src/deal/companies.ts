import type { ColumnValue, WonDeal } from './deal.js';

/** Which company of Business Central a deal belongs to, as the rules say: the first that fits, else the default one. */

export interface CompanyPlace {
  readonly company: string;
  readonly environment: string;
  /** The app registration of its own by which it is reached; undefined: that of all others. */
  readonly application?: string | undefined;
}

/** Stands in the names of a queue and of a credential. */
export const APPLICATION_NAME = /^[a-z][a-z0-9-]{0,30}$/;

export interface CompanyRule {
  readonly company: string;
  /** The environment of the default company, when it is not given. */
  readonly environment: string | undefined;
  readonly application: string | undefined;
  /** All that is given must be so. */
  readonly when: CompanyCondition;
}

export interface CompanyCondition {
  readonly currency?: string | undefined;
  /** Columns that must hold this text; GUIDs of lookups in lower case. */
  readonly columns: readonly ColumnValue[];
}

/** Undefined: the default company. */
export function findCompanyRule(deal: WonDeal, rules: readonly CompanyRule[]): CompanyRule | undefined {
  return rules.find(({ when }) => {
    if (when.currency !== undefined && when.currency !== deal.currency?.toUpperCase()) return false;
    return when.columns.every(({ row, column, tables, value }) => {
      if (!tables.includes(deal.table)) return false;
      return deal.extra[row][column]?.trim().toLowerCase() === value.toLowerCase();
    });
  });
}

/** Two rules may name one company. */
export function listPlaces(rules: readonly CompanyRule[], first: CompanyPlace): CompanyPlace[] {
  const places = new Map<string, CompanyPlace>();
  for (const rule of rules) {
    const place = toPlace(rule, first);
    if (!isSamePlace(place, first)) places.set(placeName(place), place);
  }
  return [...places.values()];
}

export function toPlace({ company, environment, application }: CompanyRule, first: CompanyPlace): CompanyPlace {
  return { company, environment: environment ?? first.environment, ...(application !== undefined && { application }) };
}

export function isSamePlace(left: CompanyPlace, right: CompanyPlace): boolean {
  return placeName(left) === placeName(right);
}

/** Environment names know no upper and lower case. */
export function placeName({ company, environment }: CompanyPlace): string {
  return `${environment.toLowerCase()} / ${company}`;
}
