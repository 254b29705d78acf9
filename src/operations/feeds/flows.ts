import { z } from 'zod';
import type { Actor } from '../../deal/actor.js';
import { RefusedError } from '../../deal/errors.js';
import { FLOW_NOTES, FLOWS, type FlowName, type FlowNote } from '../../deal/flows.js';
import type { FlowCommands } from '../../dispatch/flow-commands.js';
import { appendAudit, SYSTEM_CHAIN } from '../../ledger/audit/audit.js';
import type { Database } from '../../ledger/database.js';
import {
  countSkipped,
  type FlowLine,
  listNoted,
  type NotedThing,
  pauseFlow,
  listFlows as readFlows,
  resumeFlow,
  retryNoted,
  type SkippedCount,
} from '../../ledger/feeds/flow-lines.js';
import { defineOperation } from '../operation.js';

/** What flows back beside the invoices: how far it is, its switches, and what is to be tried again. */

/** So many that were not carried are named; the numbers are complete. */
const MAX_NAMED = 1_000;

export interface ShownFlows {
  readonly flows: readonly FlowLine[];
  readonly noted: readonly NotedThing[];
  readonly skipped: readonly SkippedCount[];
}

/** How much of each was carried, and what was not and why. */
export const listFlows = defineOperation({
  act: 'list feeds',
  input: z.strictObject({}),
  run: async ({ database }: { readonly database: Database }): Promise<ShownFlows> => ({
    flows: await readFlows(database),
    noted: await listNoted(database, MAX_NAMED),
    skipped: await countSkipped(database),
  }),
});

interface Switching {
  readonly database: Database;
  readonly loops: FlowCommands;
}

export const FLOW_SWITCHES = ['pause', 'resume', 'run'] as const;
const flow = z.enum(FLOWS);

const SWITCH = 'switch a feed';

/** Of every company that it runs for. The ledger keeps a pause, with its entry; the loop only hears of it sooner. */
export const switchFlow = defineOperation({
  act: SWITCH,
  input: z.strictObject({ command: z.enum(FLOW_SWITCHES), flow }),
  run: async ({ database, loops }: Switching, { command, flow: name }, actor: Actor): Promise<readonly FlowLine[]> => {
    const before = await linesOf(database, name);
    const paused = before.find(({ pausedAt }) => pausedAt);
    if (command === 'run' && paused) {
      throw new RefusedError(
        `${name} is paused by ${paused.pausedBy}: \`dealbridge flows resume ${name}\` lets it go on`,
      );
    }
    await database.transaction(async (tx) => {
      if (command === 'pause') await pauseFlow(tx, name, actor.name);
      if (command === 'resume') await resumeFlow(tx, name);
      await appendAudit(tx, { recordId: SYSTEM_CHAIN, actor, action: SWITCH, facts: { flow: name, command } });
    });
    for (const { companyId } of before) await loops[command](name, companyId, { actor });
    return linesOf(database, name);
  },
});

/** What was not carried is tried again with the next reading, which begins now. */
export const retryFlow = defineOperation({
  act: SWITCH,
  input: z.strictObject({
    flow,
    sourceId: z.string().min(1).optional(),
    reason: z.enum(Object.keys(FLOW_NOTES) as FlowNote[]).optional(),
  }),
  run: async ({ database, loops }: Switching, choice, actor: Actor) => {
    const lines = await linesOf(database, choice.flow);
    const outcome = await database.transaction(async (tx) => {
      const found = await retryNoted(tx, choice);
      if (found.retried + found.left === 0 && choice.sourceId !== undefined) {
        throw new RefusedError(
          `${choice.flow} has nothing '${choice.sourceId}' that was not carried: \`dealbridge flows list\` names what has`,
        );
      }
      await appendAudit(tx, { recordId: SYSTEM_CHAIN, actor, action: SWITCH, facts: { ...choice, ...found } });
      return found;
    });
    if (outcome.retried > 0) for (const { companyId } of lines) await loops.run(choice.flow, companyId, { actor });
    return outcome;
  },
});

async function linesOf(database: Database, name: FlowName): Promise<readonly FlowLine[]> {
  const lines = (await readFlows(database)).filter((line) => line.flow === name);
  if (lines.length > 0) return lines;
  throw new RefusedError(
    `${name} has not run yet: name it below \`flows\` in the rules file, and start worker and starter with it`,
  );
}
