import { z } from 'zod';

/** What the ledger keeps of writes that give little back. */

export const done = z.object({ done: z.literal(true) });

/** `wasThere`: ours was the deletion; else somebody else had deleted it before. */
export const deletion = z.object({ wasThere: z.boolean() });

/** What was created, as Business Central names it. */
export const numbered = z.object({ id: z.string(), number: z.string() });
