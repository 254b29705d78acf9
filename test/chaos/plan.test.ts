import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { describe, expect, it } from 'vitest';
import { CASE_DECISIONS } from '../../tools/chaos/cases.js';
import { changesOf } from '../../tools/chaos/changes.js';
import { EFFECTS } from '../../tools/chaos/effects.js';
import { SESSION_ENDS } from '../../tools/chaos/ledger-sessions.js';
import { makePlan, readRuleId } from '../../tools/chaos/plan.js';
import { REQUEST_KINDS } from '../../tools/chaos/request-kinds.js';

/** The plan of a fault run follows from its seed alone. */

const rulesOf = (seed: number) => Object.values(makePlan(seed, 200, 2).rules).flat();

describe('the plan of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    const [once, again, other] = [makePlan(5, 200, 2), makePlan(5, 200, 2), makePlan(6, 200, 2)];
    expect(again.rules).toEqual(once.rules);
    expect(again.kills).toEqual(once.kills);
    expect(again.roll('a deal')).toBe(once.roll('a deal'));
    expect(other.rules).not.toEqual(once.rules);
    expect(other.kills).not.toEqual(once.kills);
  });

  it('holds every effect, and faults for every kind of request', () => {
    const planned = rulesOf(1).map(({ id }) => readRuleId(id ?? ''));
    expect(new Set(planned.map(({ effect }) => effect))).toEqual(new Set(EFFECTS));
    expect(new Set(planned.map(({ kind }) => kind)).size).toBe(REQUEST_KINDS.length);
  });

  it('never hits a renewed token with another 401, which would be a refusal', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const nths = new Map<string, number[]>();
      for (const { id = '', nth = 1 } of rulesOf(seed)) {
        const { kind, effect } = readRuleId(id);
        if (effect === '401') nths.set(kind, [...(nths.get(kind) ?? []), nth]);
      }
      for (const all of nths.values())
        for (const [index, nth] of all.entries()) expect(nth - (all[index - 1] ?? -100)).toBeGreaterThan(10);
    }
  });

  it('kills every process at least once, each before the run is nearly over', () => {
    const { kills } = makePlan(9, 100, 2);
    expect(new Set(kills.map(({ what }) => what))).toEqual(
      new Set(['worker', 'starter', 'temporal', 'ledger', 'rules', 'secret', 'sessions']),
    );
    for (const { at } of kills) {
      expect(at).toBeGreaterThan(0);
      expect(at).toBeLessThan(0.91);
    }
  });

  it('ends sessions of the ledger in every way', () => {
    for (const deals of [12, 1_000]) {
      const ends = makePlan(3, deals, 2).kills.filter(({ what }) => what === 'sessions');
      expect(new Set(ends.map(({ which }) => SESSION_ENDS[which % SESSION_ENDS.length]))).toEqual(
        new Set(SESSION_ENDS),
      );
    }
  });

  it('has a deal of every case in a small run, and every decision in a large one', () => {
    const names = [...makePlan(4, 12, 2).cases.values()].map(({ name }) => name);
    expect(names.sort()).toEqual(Object.keys(CASE_DECISIONS).sort());
    const decided = [...makePlan(4, 120, 2).cases.values()].map(({ name, decision }) => `${name}: ${decision}`);
    const all = Object.entries(CASE_DECISIONS).flatMap(([name, decisions]) =>
      decisions.map((one) => `${name}: ${one}`),
    );
    expect(new Set(decided)).toEqual(new Set(all));
  });

  it('tells the kinds of requests apart: no path is of two kinds', () => {
    const paths: readonly (readonly [method: string, path: string])[] = [
      ['GET', '/v2.0/t/Production/api/v2.0/companies(1)/salesInvoices(2)?$expand=salesInvoiceLines'],
      [
        'GET',
        "/v2.0/t/Production/api/v2.0/companies(1)/salesInvoices?$filter=endswith(externalDocumentNumber,'-A') or externalDocumentNumber eq 'B'",
      ],
      ['POST', '/v2.0/t/Production/api/v2.0/companies(1)/salesInvoices(2)/Microsoft.NAV.post'],
      ['POST', '/v2.0/t/Production/api/v2.0/companies(1)/salesOrders(2)/Microsoft.NAV.shipAndInvoice'],
      ['GET', '/api/data/v9.2/invoices(1)?$select=invoicenumber'],
      ['PATCH', '/api/data/v9.2/salesorders(1)'],
      ['GET', '/api/data/v9.2/salesorders?$select=statecode'],
    ];
    for (const [method, path] of paths) {
      const fitting = REQUEST_KINDS.filter((kind) => kind.method === method && new RegExp(kind.path).test(path));
      expect(fitting.length, path).toBe(1);
    }
  });
});

describe('what sellers change in an outage', () => {
  const line = { productIndex: 0, text: 'Bracket', quantity: 1, price: '1.00', discount: '0' };
  const seedOf = (productIndex: number | undefined) =>
    ({ lines: [{ ...line, productIndex }] }) as unknown as SeedDocument;

  it('is no discount where Business Central has no line for it', () => {
    expect(changesOf({ kind: 'opportunity', seed: seedOf(undefined) })).toEqual(['cancelled', 'reopened']);
    expect(changesOf({ kind: 'opportunity', seed: seedOf(0) })).toEqual(['cancelled', 'amount', 'reopened']);
    expect(changesOf({ kind: 'salesorder', seed: seedOf(undefined) })).toEqual(['cancelled', 'amount']);
  });
});
