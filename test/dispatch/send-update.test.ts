import { ServiceError, type WorkflowHandle, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { defineUpdate } from '@temporalio/workflow';
import { describe, expect, it } from 'vitest';
import { NotTakenYetError, RefusedError } from '../../src/deal/errors.js';
import { sendUpdate } from '../../src/dispatch/send-update.js';

/** What a server that has lost an update with the task of its run makes of it for whoever sent it. */

const cancel = defineUpdate<string, [{ readonly by: string }]>('cancel');

const refusedWith = (code: number, details: string): ServiceError => {
  const cause = Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} });
  return new ServiceError('Workflow Update failed', { cause });
};
/** In the words of the server. */
const FORGOTTEN = refusedWith(
  9,
  'Unable to perform workflow execution update due to unexpected workflow task failure.',
);

/** @param silences what the server does each time it is asked for the run: nothing, or this failure. */
function sendTo(failures: unknown[], silences: unknown[] = []) {
  const sent: unknown[] = [];
  const handle = {
    client: { withDeadline: (_deadline: unknown, ask: () => Promise<unknown>) => ask() },
    async describe() {
      const failure = silences.shift();
      if (failure !== undefined) throw failure;
    },
    async executeUpdate(_update: unknown, { args }: { readonly args: readonly unknown[] }) {
      sent.push(...args);
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return 'taken';
    },
  } as unknown as WorkflowHandle;
  return { sent, answer: sendUpdate(handle, cancel, { by: 'ann' }) };
}

describe('an update', () => {
  it('that the server has forgotten is sent again', async () => {
    const { sent, answer } = sendTo([FORGOTTEN, FORGOTTEN]);
    expect(await answer).toBe('taken');
    expect(sent).toEqual(Array.from({ length: 3 }, () => ({ by: 'ann' })));
  });

  it('that is forgotten again and again is refused, with what to do', async () => {
    const { sent, answer } = sendTo(Array.from({ length: 9 }, () => FORGOTTEN));
    await expect(answer).rejects.toThrow(RefusedError);
    expect(sent).toHaveLength(5);
  });

  it.each([
    ['another precondition', refusedWith(9, 'the namespace is handed over')],
    ['a server that is away', refusedWith(14, 'unexpected workflow task failure')],
    ['anything else', new Error('unexpected workflow task failure')],
  ])('that failed for %s is not', async (_what, failure) => {
    const { sent, answer } = sendTo([failure]);
    await expect(answer).rejects.toBe(failure);
    expect(sent).toHaveLength(1);
  });

  it('is not sent to a server that does not answer', async () => {
    const silent = refusedWith(4, 'Deadline exceeded');
    const { sent, answer } = sendTo([], [silent]);
    await expect(answer).rejects.toBe(silent);
    expect(sent).toEqual([]);
  });

  it.each([
    ['the server, where it fell silent meanwhile', refusedWith(4, 'Deadline exceeded'), ServiceError],
    ['the worker, where the server still answers', undefined, NotTakenYetError],
  ])('without an answer blames %s', async (_what, silence, expected) => {
    const unanswered = new WorkflowUpdateRPCTimeoutOrCancelledError('no answer');
    const { answer } = sendTo([unanswered], [undefined, silence]);
    await expect(answer).rejects.toBeInstanceOf(expected);
  });
});
