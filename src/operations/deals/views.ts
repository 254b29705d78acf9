import { z } from 'zod';
import { RefusedError } from '../../deal/errors.js';
import type { Queryable } from '../../ledger/database.js';
import { forgetView as forget, listViews as list, type SavedView, saveView as save } from '../../ledger/desk/views.js';
import { defineOperation } from '../operation.js';
import { WORK_LIST_INPUT } from './work-list.js';

/** Views of the work list that a person comes back to; they are this person's alone. */

interface Dependencies {
  readonly database: Queryable;
}

const MAX_VIEWS = 30;
const name = z.string().trim().min(1, 'a name').max(60, 'a name of at most 60 characters');
/** What the list would refuse is not saved. */
const query = z
  .string()
  .max(1_000, 'at most 1000 characters')
  .refine(
    (text) => WORK_LIST_INPUT.safeParse(Object.fromEntries(new URLSearchParams(text))).success,
    'filters and sorting as they stand in the address of the list',
  );

export const listViews = defineOperation({
  act: 'list deals',
  input: z.strictObject({}),
  run: ({ database }: Dependencies, _input, actor): Promise<SavedView[]> => list(database, actor.name),
});

export const saveView = defineOperation({
  act: 'save a view',
  input: z.strictObject({ name, query }),
  run: async ({ database }: Dependencies, view, actor): Promise<SavedView> => {
    const known = await list(database, actor.name);
    if (known.length >= MAX_VIEWS && !known.some((one) => one.name === view.name))
      throw new RefusedError(`there are ${MAX_VIEWS} saved views already: forget one of them first`);
    await save(database, actor.name, view);
    return view;
  },
});

export const forgetView = defineOperation({
  act: 'save a view',
  input: z.strictObject({ name }),
  run: ({ database }: Dependencies, view, actor): Promise<void> => forget(database, actor.name, view.name),
});
