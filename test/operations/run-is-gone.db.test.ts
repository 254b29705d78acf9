import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Person } from '../../src/identity/person.js';
import type { Database } from '../../src/ledger/database.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { showWaiting } from '../../src/operations/deals/decide.js';
import { useLedger } from '../support/use-ledger.js';

/** Somebody decides on a deal that waits in the ledger, and whose run Temporal has lost. */

const ANN: Person = { name: 'ann', source: 'cli', isVerified: false, roles: ['Admin'] };

let database: Database;
useLedger((opened) => {
  database = opened;
});

const show = (recordId: string): Promise<unknown> =>
  showWaiting({ database, deals: { findStatus: async () => undefined } as never }, ANN, { deal: recordId });

it('is told that the run is gone, when it begins again, and how to begin it now', async () => {
  const ledger = createLedger(database);
  const recordId = randomUUID();
  await ledger.register({ table: 'quote', recordId });
  await ledger.change(recordId, { kind: 'held', reason: 'item-missing', text: 'no item EQ-1' });
  await expect(show(recordId)).rejects.toThrow(
    `${recordId} is held, and its run is gone from Temporal: it is started again within twenty minutes, or now by \`dealbridge start-deal quote ${recordId}\``,
  );
});

it('is told that nothing waits where no run is due', async () => {
  const recordId = randomUUID();
  await createLedger(database).register({ table: 'quote', recordId });
  await expect(show(recordId)).rejects.toThrow(`${recordId} is seen: nothing waits for a decision`);
});
