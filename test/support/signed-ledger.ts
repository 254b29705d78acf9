import { createTrailSigner } from '../../src/ledger/audit/signatures.js';
import { type Database, withSigner } from '../../src/ledger/database.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';

/** Signs as a process of ours does, with keys that this database never sees. */
export function signedWith(database: Database, keys: string = createKeyLine()): Database {
  return withSigner(database, createTrailSigner(openKeyRing({ kind: 'text', text: keys })));
}
