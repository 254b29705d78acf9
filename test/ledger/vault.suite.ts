import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appendAudit, readAudit, SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createVault, type Vault } from '../../src/ledger/settings/vault.js';
import { type KeyRing, openKeyRing } from '../../src/secrets/key-ring.js';

const OLD = `old:${Buffer.alloc(32, 1).toString('base64')}`;
const NEW = `new:${Buffer.alloc(32, 2).toString('base64')}`;
const ring = (...lines: readonly string[]) => openKeyRing({ kind: 'text', text: lines.join(',') });

/** What every database that claims to keep credentials must do. */
export function testVault(name: string, open: () => Promise<{ url: string; stop: () => Promise<void> }>): void {
  describe(`credentials on ${name}`, () => {
    let server: { url: string; stop: () => Promise<void> };
    let database: Database;
    const vault = (keys: KeyRing, tenantId = 'tenant-one'): Vault =>
      createVault({
        database,
        ring: keys,
        tenantId,
        audit: (tx, entry) => appendAudit(tx, { recordId: SYSTEM_CHAIN, ...entry }),
      });
    const set = (secret: string, overlapHours = 24, keys = ring(OLD)) =>
      vault(keys).set({ name: 'dataverse', credential: { kind: 'secret', secret }, actor: 'ann', overlapHours });

    beforeAll(async () => {
      server = await open();
      database = openDatabase(server.url);
      await migrate(database);
    });
    afterAll(async () => {
      await database?.close();
      await server?.stop();
    });
    beforeEach(() => database.query('DELETE FROM credentials'));

    it('come back as they were set, the newest first, and only the one before with it', async () => {
      for (const secret of ['one', 'two', 'three']) await set(secret);
      expect(await vault(ring(OLD)).findCredentials('dataverse')).toEqual([
        { kind: 'secret', secret: 'three' },
        { kind: 'secret', secret: 'two' },
      ]);
      expect(await vault(ring(OLD)).findCredentials('webhook')).toEqual([]);
    });

    it('say which of them ended before its time, since only the one before is kept', async () => {
      const ended: (readonly number[])[] = [];
      // With four, three ends at once, so that nothing is cut short by five.
      for (const hours of [24, 24, 24, 0, 24]) ended.push((await set(`secret ${ended.length}`, hours)).ended);
      expect(ended).toEqual([[], [], [1], [2], []]);
      const entries = await readAudit(database, SYSTEM_CHAIN);
      expect(entries.find(({ facts }) => facts?.['generation'] === 4)?.facts).toMatchObject({ ended: [2] });
    });

    it('without an overlap the one before ends at once', async () => {
      await set('in wrong hands');
      await set('next', 0);
      expect(await vault(ring(OLD)).findCredentials('dataverse')).toEqual([{ kind: 'secret', secret: 'next' }]);
    });

    it('of two people who set one at the same time both are kept in turn', async () => {
      await Promise.all(['one', 'two'].map((secret) => set(secret)));
      const found = await vault(ring(OLD)).findCredentials('dataverse');
      expect(found.map((one) => one.kind === 'secret' && one.secret).sort()).toEqual(['one', 'two']);
    });

    it('are never in clear in their table, and a list shows no value', async () => {
      await set('a-very-secret-value');
      const { rows } = await database.query<{ row: string }>('SELECT credentials::text AS row FROM credentials');
      const [row] = rows;
      expect(row?.row).toContain('dataverse');
      for (const form of ['a-very-secret-value', Buffer.from('a-very-secret-value').toString('hex')])
        expect(row?.row).not.toContain(form);
      const list = await vault(ring(OLD)).list();
      expect(list).toMatchObject([{ name: 'dataverse', generation: 1, kind: 'secret', keyId: 'old', setBy: 'ann' }]);
      expect(Object.keys(list[0] ?? {})).not.toContain('sealed');
    });

    it('open in their own row only: not under another name, generation or tenant', async () => {
      await set('first');
      await expect(vault(ring(OLD), 'tenant-two').findCredentials('dataverse')).rejects.toMatchObject({
        code: 'does-not-open',
      });
      await database.query(`UPDATE credentials SET name = 'webhook'`);
      await expect(vault(ring(OLD)).findCredentials('webhook')).rejects.toMatchObject({ code: 'does-not-open' });
      await database.query(`UPDATE credentials SET name = 'dataverse', generation = 7`);
      await expect(vault(ring(OLD)).findCredentials('dataverse')).rejects.toMatchObject({ code: 'does-not-open' });
    });

    for (const [what, statement] of [
      ['valid_until, which makes a withdrawn one count again', `valid_until = NULL WHERE generation = 1`],
      [
        'valid_until, which makes one count for longer',
        `valid_until = valid_until + interval '1 day' WHERE generation = 1`,
      ],
      ['set_at', `set_at = set_at - interval '1 day' WHERE generation = 2`],
      ['set_by', `set_by = 'mallory' WHERE generation = 2`],
      ['kind', `kind = 'certificate' WHERE generation = 2`],
      ['expires_at', `expires_at = now() WHERE generation = 2`],
      ['thumbprint', `thumbprint = 'f00d' WHERE generation = 2`],
      ['key_id', `key_id = 'new' WHERE generation = 2`],
      ['generation', `generation = 3 WHERE generation = 2`],
    ] as const) {
      it(`open as they were written only: not with another ${what}`, async () => {
        await set('withdrawn');
        await set('next');
        expect(await vault(ring(OLD)).findCredentials('dataverse')).toHaveLength(2);
        await database.query(`UPDATE credentials SET ${statement}`);
        await expect(vault(ring(OLD)).findCredentials('dataverse')).rejects.toMatchObject({ code: 'does-not-open' });
      });
    }

    it('do not count again when the whole row of before is put back', async () => {
      await set('withdrawn');
      await database.query('CREATE TABLE row_of_before AS SELECT * FROM credentials');
      await set('next', 0);
      await database.query('DELETE FROM credentials WHERE generation = 1');
      await database.query('INSERT INTO credentials SELECT * FROM row_of_before');
      await database.query('DROP TABLE row_of_before');
      await expect(vault(ring(OLD)).findCredentials('dataverse')).rejects.toMatchObject({ code: 'does-not-open' });
    });

    it('are set anew over one whose key is lost', async () => {
      await set('sealed with a key that is lost');
      await set('next', 24, ring(NEW));
      expect(await vault(ring(NEW)).findCredentials('dataverse')).toEqual([{ kind: 'secret', secret: 'next' }]);
    });

    it('are sealed anew with the newest key, after which the old key is not needed', async () => {
      await set('one');
      await set('two');
      expect(await vault(ring(NEW, OLD)).rotate('bob')).toEqual({ keyId: 'new', resealed: 2 });
      expect((await vault(ring(NEW)).findCredentials('dataverse')).length).toBe(2);
      expect(await vault(ring(NEW)).rotate('bob')).toEqual({ keyId: 'new', resealed: 0 });
    });

    it('stay as they are when one of them does not open', async () => {
      await set('one');
      await set('two', 24, ring(NEW, OLD));
      await database.query(`UPDATE credentials SET key_id = 'old', sealed = $1 WHERE generation = 1`, [
        ring(OLD).seal(Buffer.from('{}'), 'elsewhere'),
      ]);
      await expect(vault(ring(NEW)).rotate('bob')).rejects.toMatchObject({ code: 'unknown-key', keyId: 'old' });
      expect((await vault(ring(NEW)).list()).map((one) => one.keyId)).toEqual(['new', 'old']);
    });

    it('every change is in the audit trail of the installation, without the value', async () => {
      const ledger = createLedger(database);
      const before = (await ledger.readAudit(SYSTEM_CHAIN)).length;
      await set('a-very-secret-value');
      await vault(ring(NEW, OLD)).rotate('bob');
      const trail = (await ledger.readAudit(SYSTEM_CHAIN)).slice(before);
      expect(trail).toMatchObject([
        { actor: 'ann', action: 'set credential', facts: { name: 'dataverse', generation: 1, keyId: 'old' } },
        { actor: 'bob', action: 'rotate credentials', facts: { keyId: 'new', resealed: ['dataverse 1'] } },
      ]);
      expect(JSON.stringify(trail)).not.toContain('a-very-secret-value');
    });

    it('a change that cannot be told is not made', async () => {
      const silent = createVault({
        database,
        ring: ring(OLD),
        tenantId: 'tenant-one',
        audit: async () => Promise.reject(new Error('no room in the trail')),
      });
      const credential = { kind: 'secret', secret: 'one' } as const;
      const change = silent.set({ name: 'dataverse', credential, actor: 'ann', overlapHours: 1 });
      await expect(change).rejects.toThrow('no room');
      expect(await silent.list()).toEqual([]);
    });
  });
}
