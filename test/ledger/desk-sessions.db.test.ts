import { expect, it } from 'vitest';
import { openDatabase } from '../../src/ledger/database.js';
import { createSessionLedger } from '../../src/ledger/desk/sessions.js';
import { migrate } from '../../src/ledger/migrate.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

it('whoever is signed in at the desk reads on while the ledger takes no writes', async () => {
  const embedded = await openEmbeddedLedger();
  const database = openDatabase(embedded.url, { connections: 1 });
  try {
    await migrate(database);
    const sessions = createSessionLedger(database, { idleMinutes: 60, maxHours: 12 });
    const ann = { subject: 'ann', name: 'Ann', roles: ['Viewer'], isVerified: true };
    await sessions.start('the-hash', ann);
    await database.query(`UPDATE desk_sessions SET seen_at = now() - interval '5 minutes'`);
    // As on a standby, and of all sessions after ALTER DATABASE … SET default_transaction_read_only.
    await database.query('SET default_transaction_read_only = on');
    expect(await sessions.find('the-hash', true)).toEqual(ann);
  } finally {
    await database.close();
    await embedded.stop();
  }
});
