import type { WorkflowInterceptors } from '@temporalio/workflow';
import { ofRun } from '../run-state.js';

/**
 * What a deal has become is told right before something that takes time, a step or a wait: states that only pass within one
 * workflow task are nobody's to see, and each telling costs.
 */
const telling = ofRun('telling', () => ({ show: (): void => undefined }));

export function showBeforeSteps(show: () => void): void {
  telling().show = show;
}

export function interceptors(): WorkflowInterceptors {
  return {
    outbound: [
      {
        scheduleActivity(input, next) {
          telling().show();
          return next(input);
        },
        startTimer(input, next) {
          telling().show();
          return next(input);
        },
      },
    ],
  };
}
