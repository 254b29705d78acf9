import { ApplicationFailure } from '@temporalio/common';
import { InternalError } from '../../deal/errors.js';
import { OUTCOME_UNKNOWN } from '../../deal/failure-types.js';
import type { FlowName } from '../../deal/flows.js';
import type { CompanyContext } from '../../deal/step-context.js';
import type { FlowLedger } from '../../ledger/feeds/flows.js';
import { type FlowPageTaken, type FlowPlaceInReading, noteRefusals, type SwitchedOnFlow } from './flow.js';

/** The steps of every flow that the rules name. */

export interface FlowStep extends CompanyContext {
  readonly flow: FlowName;
}

export interface FlowsCarried {
  readonly carried: number;
  readonly noted: number;
  /** Their outcome is unknown, or Sales was busy with them: they come again. */
  readonly deferred: number;
  readonly hasMore: boolean;
  readonly everySeconds: number;
}

export interface FlowStepDependencies {
  readonly flows: FlowLedger;
  /** Those that are switched on, for this company. */
  readonly switchedOn: readonly SwitchedOnFlow[];
}

/** What says something of one thing and nothing of the others. */
const OF_ONE = /^(business-central|dataverse)\/(unknown-outcome|unreadable|conflict)$/;

export function createFlowSteps({ flows, switchedOn }: FlowStepDependencies) {
  const findFlow = (name: FlowName): SwitchedOnFlow | undefined => switchedOn.find((one) => one.name === name);

  async function remembering<T>(flow: FlowName, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // For people who ask how the flow does; the words of the other side may name customers and stay out (I7).
      const text = error instanceof Error ? error.message : 'unknown';
      await flows.recordFlowError(flow, text).catch(() => undefined);
      throw error;
    }
  }

  return {
    /** One page of what changed, without rows while the flow is paused; `off` when the rules no longer name it. */
    async collectFlow({ flow: name, next, beganAt }: FlowStep & FlowPlaceInReading): Promise<FlowPageTaken | 'off'> {
      const flow = findFlow(name);
      if (!flow) return 'off';
      // Also while it is paused: whatever changes from now on is read when it goes on.
      await flows.openFlow(name, flow.from);
      if (await flows.isPaused(name)) return { found: 0 };
      if (next === undefined) await flows.reopenNoted(name, flow.ruleHash);
      return remembering(name, () => flow.collect({ next, beganAt }));
    },

    /** Some of what was taken and is not carried yet. */
    async carryFlow({ flow: name }: FlowStep): Promise<FlowsCarried> {
      const flow = findFlow(name);
      if (!flow) throw new InternalError(`flow ${name} was switched off while it was read`);
      const count = { carried: 0, noted: 0, deferred: 0 };
      const pending = (await flows.isPaused(name)) ? [] : await flows.listPending(name, flow.batchSize);
      for (const thing of pending) {
        try {
          const how = await remembering(name, () => noteRefusals(() => flow.carry(thing)));
          await flows.finish(name, thing, how);
          count[how.state] += 1;
        } catch (error) {
          const type = error instanceof ApplicationFailure ? (error.type ?? '') : '';
          if (type !== OUTCOME_UNKNOWN && !OF_ONE.test(type)) throw error;
          await flows.defer(name, thing);
          count.deferred += 1;
        }
      }
      if (count.deferred === 0) await flows.clearFlowError(name);
      const hasMore = pending.length === flow.batchSize && count.deferred === 0;
      return { ...count, hasMore, everySeconds: flow.everyMinutes * 60 };
    },
  };
}

export type FlowSteps = ReturnType<typeof createFlowSteps>;
