import { ApplicationFailure, log, type WorkflowInterceptors } from '@temporalio/workflow';
import { isUnsealed, takeUnsealed } from '../deal/unsealed.js';
import { confirmSignal, rejectSignal } from './deals/messages.js';
import { refuse } from './strict-input.js';
import { takesUnsealedDecisions } from './unsealed-decisions.js';

/**
 * Whoever reaches Temporal can write to any run; only who has a key, or the token of the codec endpoint, can seal. So what is
 * not sealed starts nothing and decides nothing, but for decisions by signal where the setting allows them.
 */
export function interceptors(): WorkflowInterceptors {
  return {
    inbound: [
      {
        async execute(input, next) {
          if (input.args.some(isUnsealed)) {
            throw ApplicationFailure.nonRetryable('input: expected a sealed payload, got one that is not', 'BadInput');
          }
          return next(input);
        },
        validateUpdate(input, next) {
          if (input.args.some(isUnsealed)) {
            refuse(`${input.name}: expected a sealed input, got one that is not: use --codec-endpoint`, 'BadInput');
          }
          next(input);
        },
        handleSignal(input, next) {
          if (!DECISIONS.has(input.signalName) || !input.args.some(isUnsealed)) return next(input);
          if (takesUnsealedDecisions()) return next({ ...input, args: input.args.map(takeUnsealed) });
          log.warn('signal ignored', { signal: input.signalName, type: 'NotSealed' });
          return next(input);
        },
      },
    ],
  };
}

const DECISIONS: ReadonlySet<string> = new Set([confirmSignal.name, rejectSignal.name]);
