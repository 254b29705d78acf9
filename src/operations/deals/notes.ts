import { z } from 'zod';
import type { Database } from '../../ledger/database.js';
import { addNote, assignDeal as assign } from '../../ledger/desk/notes.js';
import { defineOperation } from '../operation.js';
import { findDeal } from './find-deal.js';

/** What people tell each other about a deal. The trail holds that it was written; the words can be erased. */

interface Dependencies {
  readonly database: Database;
}

const NOTE = 'note a deal';
const ASSIGN = 'assign a deal';
const deal = z.string().min(1, 'a number or GUID');

export const noteDeal = defineOperation({
  act: NOTE,
  input: z.strictObject({ deal, text: z.string().trim().min(1, 'a text').max(4_000, 'at most 4000 characters') }),
  run: async ({ database }: Dependencies, input, actor): Promise<{ readonly recordId: string }> => {
    const { recordId } = await findDeal(database, input.deal);
    await addNote(database, recordId, { by: actor.name, text: input.text }, { actor, action: NOTE });
    return { recordId };
  },
});

/** To a person by name, to oneself by `me`, or to nobody: then it waits for everybody again. */
export const assignDeal = defineOperation({
  act: ASSIGN,
  input: z.strictObject({ deal, to: z.string().trim().max(100, 'at most 100 characters').optional() }),
  run: async (
    { database }: Dependencies,
    input,
    actor,
  ): Promise<{ readonly recordId: string; readonly assignee: string | undefined }> => {
    const { recordId } = await findDeal(database, input.deal);
    const assignee = input.to === 'me' ? actor.name : input.to || undefined;
    const facts = { to: assignee ?? '' };
    await assign(database, recordId, { assignee, by: actor.name }, { actor, action: ASSIGN, facts });
    return { recordId, assignee };
  },
});
