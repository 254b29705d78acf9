import { describe, expect, it } from 'vitest';
import { readOptions } from '../../tools/bench/options.js';

describe('the options of the bench', () => {
  it('have sizes of their own, and compare everything', () => {
    expect(readOptions([])).toMatchObject({ deals: 500, rounds: 3, only: ['pglite', 'postgresql', 'bare', 'bullmq'] });
    expect(readOptions(['--limited', '0'])).toMatchObject({ limited: 0 });
    expect(readOptions(['--history', '1000000', '--explain'])).toMatchObject({ history: 1_000_000, explain: true });
  });

  it.each([
    [['--history', 'many'], "--history: expected a whole number from 1 on, got 'many'"],
    [['--deals', '0'], "--deals: expected a whole number from 1 on, got '0'"],
    [['--rounds', '0'], "--rounds: expected a whole number from 1 on, got '0'"],
    [['--singles', '0'], "--singles: expected a whole number from 1 on, got '0'"],
    [['--rate', '0'], "--rate: expected a whole number from 1 on, got '0'"],
    [['--json', '/no/such/folder/bench.json'], '--json: /no/such/folder/bench.json cannot be written (ENOENT)'],
    [['--json', ''], '--json: expected the name of a file'],
    [['--applications', '3'], "--applications: expected 2, since the simulators have two environments, got '3'"],
    [['--only', 'mysql'], '--only: expected some of pglite, postgresql, bare, bullmq'],
    [['--hist', '1'], "Unknown option '--hist'"],
  ])('%j is refused with what would be right', (args, says) => {
    expect(() => readOptions(args)).toThrow(says);
  });
});
