import { parseMatches } from '../../src/deal/decisions.js';
import type { MasterCommands } from '../../src/dispatch/master-commands.js';
import type { FollowMasters } from '../../src/dispatch/take-master-changes.js';

/** Runs of master data that answer without Temporal, and what they were asked for. */
export interface AskedMasters {
  readonly commands: MasterCommands;
  readonly follow: FollowMasters;
  readonly asked: { readonly what: string; readonly input: unknown }[];
  /** What becomes of the next decisions about matches. */
  outcome: Awaited<ReturnType<MasterCommands['applyMatches']>>[number];
}

export function createAskedMasters(): AskedMasters {
  const asked: AskedMasters['asked'] = [];
  const ask = (what: string, input: unknown): void => void asked.push({ what, input });
  const masters: AskedMasters = {
    asked,
    outcome: 'linked',
    follow: {
      followAccount: async (table, rowId, request) => ask(`follow ${table}`, { rowId, ...request }),
      followProduct: async (rowId, request) => ask('follow product', { rowId, ...request }),
    },
    commands: {
      async match() {
        ask('match', {});
        return { accounts: 3, linked: 1, withCandidates: 2 };
      },
      async applyMatches(input) {
        // What the run would refuse.
        parseMatches(input);
        ask('apply matches', input);
        return input.decisions.map(() => masters.outcome);
      },
      async compare(input) {
        ask('compare', input);
        return { runId: 'the-run', requests: 4, compared: {}, found: {}, notified: input.fixes ? 2 : 0 };
      },
    },
  };
  return masters;
}
