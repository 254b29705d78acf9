import { describe, expect, it } from 'vitest';
import { toStartWords } from '../../src/cli/deals.js';
import { toSwitchWords } from '../../src/cli/feeds.js';
import { toStepLines } from '../../src/cli/print-findings.js';
import { printFitSummary } from '../../src/cli/print-fit.js';
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
