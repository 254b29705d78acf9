import { z } from 'zod';
import { defineOperation } from '../operation.js';

/** What the examination says of one part, in the order in which it looks. */
export interface ExaminedStep {
  readonly step: string;
  readonly findings: readonly {
    readonly check: string;
    readonly result: 'ok' | 'warning' | 'wrong' | 'not checked';
    readonly found: string;
    readonly advice?: string | undefined;
  }[];
}

/** Asks every system what it would need to work; changes nothing. */
export const examineInstallation = defineOperation({
  act: 'examine the installation',
  input: z.strictObject({}),
  run: ({ examine }: { readonly examine: () => Promise<readonly ExaminedStep[]> }): Promise<readonly ExaminedStep[]> =>
    examine(),
});
