import type { Client } from '@temporalio/client';
import { confirmUpdate, type DealStatus, statusQuery } from '../../src/workflows/deals/messages.js';

/** What a person does who has read the figures: confirms exactly these. */
export async function confirmDeal(temporal: Client, id: string, by = 'ann', note?: string): Promise<DealStatus> {
  const handle = temporal.workflow.getHandle(id);
  const { figures } = await handle.query(statusQuery);
  if (!figures) throw new Error(`deal ${id} shows no figures`);
  return handle.executeUpdate(confirmUpdate, { args: [{ by, figures, ...(note !== undefined && { note }) }] });
}

/** By a person who runs the command line. */
export const ANN = { name: 'ann', source: 'cli', isVerified: false } as const;
export const BOB = { name: 'bob', source: 'cli', isVerified: false } as const;
