import type { Actor } from '../../deal/actor.js';
import type { Figures } from '../../deal/deal.js';
import type { Replay } from '../../deal/replay.js';
import type { Continued } from './messages.js';

/** What ends the story before its last line. */

/** Thrown through the story when the deal ends before its document is posted: a person's decision, or Sales cancelled it. */
export class DealEnded {
  readonly state: 'rejected' | 'cancelled';
  readonly by: Actor | 'Sales';
  readonly reason: string;
  /** Those that were seen by whoever rejected them. */
  readonly figures: Figures | undefined;
  constructor(state: 'rejected' | 'cancelled', by: Actor | 'Sales', reason: string, figures?: Figures) {
    this.state = state;
    this.by = by;
    this.reason = reason;
    this.figures = figures;
  }

  get how(): string {
    return `${this.state} by ${this.by === 'Sales' ? this.by : this.by.name}`;
  }
}

/** Thrown through the story when a person wants the deal run again from its start. */
export class ReplayWanted {
  readonly replay: Replay;
  constructor(replay: Replay) {
    this.replay = replay;
  }
}

/** Thrown through the story when a run that waits became long: the next one goes on where this one stood. */
export class RunIsLong {
  readonly continued: Continued;
  constructor(continued: Continued) {
    this.continued = continued;
  }
}
