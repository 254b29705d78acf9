import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import type { History } from './histories.js';
import type { MeasuredProcess } from './processor.js';

/** Whatever is measured beside the others: each is given deals, and says how many it has brought to their end. */
export interface Contender {
  readonly name: string;
  /** Besides the driver, which holds the simulators. */
  readonly processes: readonly MeasuredProcess[];
  start(deal: SeedDocument): Promise<void>;
  /** How many are at their end: written back to Sales, or without anything left to do. */
  ended(): number;
  /** Resolves when nothing of them is under way any more, what follows the end included. */
  untilQuiet(): Promise<void>;
  /** How long its server still works on what has ended, in milliseconds; 0 where it leaves nothing behind. */
  readonly leavesBehindMs: number;
  /** Statements that its ledger has executed so far; undefined where nobody counts them. */
  countStatements?(): Promise<number | undefined>;
  /** What the server wrote down of these deals. */
  readHistories?(deals: readonly SeedDocument[]): Promise<readonly History[]>;
}
