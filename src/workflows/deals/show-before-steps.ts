import type { WorkflowInterceptors } from '@temporalio/workflow';

/**
 * What a deal has become is told right before something that takes time, a step or a wait: states that only pass within one
 * workflow task are nobody's to see, and each telling costs. The module is one for each run.
 */
let show: () => void = () => undefined;

export function showBeforeSteps(how: () => void): void {
  show = how;
}

export function interceptors(): WorkflowInterceptors {
  return {
    outbound: [
      {
        scheduleActivity(input, next) {
          show();
          return next(input);
        },
        startTimer(input, next) {
          show();
          return next(input);
        },
      },
    ],
  };
}
