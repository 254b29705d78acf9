import { describe, expect, it } from 'vitest';
import { toAmount, toStartWords } from '../../src/cli/deals.js';
import { toSwitchWords } from '../../src/cli/feeds.js';
import { toOutcomeWords } from '../../src/cli/masters.js';
import { withOptionNames } from '../../src/cli/option-names.js';
import { toStepLines } from '../../src/cli/print-findings.js';
import { printFitSummary } from '../../src/cli/print-fit.js';
import { printPreview } from '../../src/cli/print-preview.js';
import { plural } from '../../src/deal/plural.js';
import { ok, warning } from '../../src/doctor/finding.js';

describe('what the doctor found, on a terminal of 40 columns', () => {
  const command = '`dealbridge audit seal --of-the-whole-trail --now`';
  const report = {
    step: 'database',
    findings: [
      ok('rights', 'the role may do all that the application does'),
      warning('seals', 'none for an hour', `Start it, or run ${command}, and look again.`),
    ],
  };

  it('begins each line below the text of the first, and breaks no command', () => {
    expect(toStepLines(report, 40)).toEqual([
      'database',
      '  ok           rights: the role may do',
      '               all that the application',
      '               does',
      '  WARNING      seals: none for an hour',
      '               → Start it, or run',
      `                 ${command},`,
      '                 and look again.',
    ]);
  });

  it('stays a line each where nobody knows how wide it is', () => {
    // A terminal that does not know it says 0.
    for (const width of [undefined, 0]) expect(toStepLines(report, width)).toHaveLength(4);
  });
});

it('starting a deal by hand is answered with a sentence, whatever came of it', () => {
  const workflowId = '11111111-2222-4333-8444-555555555555';
  expect(toStartWords({ kind: 'started', workflowId })).toBe('its hand-over has started');
  expect(toStartWords({ kind: 'running', workflowId })).toContain('is under way already');
  expect(toStartWords({ kind: 'known', state: 'rejected' })).toContain('the deal has ended (rejected)');
});

it('switching a feed is answered with a sentence, which says so when it is paused all the same', () => {
  const position = { table: 'quote', isPaused: false, pages: 1, lastError: undefined } as const;
  expect(toSwitchWords(position, 'resume')).toBe('quote reads on from its stored position');
  expect(toSwitchWords({ ...position, isPaused: true }, 'nudge')).toContain('is paused and reads nothing until');
  expect(toSwitchWords({ ...position, lastError: 'no answer' }, 'nudge')).toContain('failed: no answer');
});

it('one is not several', () => {
  expect([plural(0, 'seal'), plural(1, 'seal'), plural('1', 'seal'), plural(1n, 'seal'), plural(2, 'seal')]).toEqual([
    ...['0 seals', '1 seal', '1 seal', '1 seal', '2 seals'],
  ]);
  expect(plural(1, 'row is', 'rows are')).toBe('1 row is');
  const held = { reason: 'item-missing', owner: 'master data', nextStep: 'Make it.', deals: 1, alone: 1 } as const;
  const reasons = [{ ...held, throughAfter: 1, causes: [], examples: [] }];
  expect(printFitSummary({ deals: 1, untouched: 0, reasons } as never)).toContain('cleared, 1 goes through');
});

it('an amount is called net while the record in Sales states no tax', () => {
  const deal = { amount: '10465.0800', currency: 'EUR', isTaxStated: false };
  expect(toAmount(deal)).toBe('10465.08 EUR net');
  expect(toAmount({ ...deal, isTaxStated: true })).toBe('10465.08 EUR');
  expect(toAmount({ ...deal, amount: undefined })).toBe('-');
});

it('a decision about a match that was not carried out says why, and what would be right', () => {
  const decision = { accountId: 'a', customerNumber: 'C1' };
  expect(toOutcomeWords({ ...decision, outcome: 'linked' })).toBe('linked');
  expect(toOutcomeWords({ ...decision, outcome: 'customer-taken' })).toContain('`shared: true`');
  const decided = { by: 'ann', customer: 'C2' };
  expect(toOutcomeWords({ ...decision, outcome: 'decided-before', decided })).toBe(
    'decided-before: ann decided C2; `instead: C2` changes that',
  );
});

it('a fault of an id or of a file of decisions is named as whoever typed it knows it', () => {
  const message = "record id: expected a GUID, got 'x'";
  expect(withOptionNames(message, ['audit', 'show', 'x'])).toBe("<guid>: expected a GUID, got 'x'");
  expect(withOptionNames(message, ['audit', 'verify', '--record', 'x'])).toBe("--record: expected a GUID, got 'x'");
  const faults = 'decisions.0.account: expected a GUID; decisions: expected a list';
  const apply = ['accounts', 'match', '--apply', 'f'];
  expect(withOptionNames(faults, apply)).toBe('--apply.0.account: expected a GUID; --apply: expected a list');
});

it('a preview shows prices and amounts with two decimals at least, and quantities without zeros that say nothing', () => {
  const values = { sequence: '10000', lineType: 'Item', lineObjectNumber: 'EQ-1', quantity: '7.00000' };
  const line = { values: { ...values, unitPrice: '0.1250', amountExcludingTax: '1062.3' }, defaulted: {} };
  const header = { values: { discountAmount: '0' }, defaulted: {} };
  const deal = { table: 'quote', number: 'Q-1' };
  const shown = printPreview({ deal, document: { header, lines: [line] }, plan: [], notes: [], problems: [] } as never);
  for (const text of ['discountAmount: 0.00', 'Item EQ-1 7 at 0.125', 'amountExcludingTax: 1062.30'])
    expect(shown.split('\n').map((one) => one.trim())).toContainEqual(expect.stringContaining(text));
});
