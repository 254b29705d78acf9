import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RefusedError, UserError } from '../../src/deal/errors.js';
import { ROLES, type Role } from '../../src/identity/permissions.js';
import type { Person } from '../../src/identity/person.js';
import type { AuditEntry } from '../../src/ledger/audit/audit.js';
import { SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { defineOperation } from '../../src/operations/operation.js';

const ann = (...roles: readonly Role[]): Person => ({ name: 'ann', source: 'api', isVerified: true, roles });

const pause = defineOperation({
  act: 'switch a feed',
  input: z.strictObject({ feed: z.enum(['quote', 'product']), times: z.number('a whole number').int().optional() }),
  run: async ({ done }: { readonly done: string[] }, { feed }) => {
    done.push(feed);
    return feed.length;
  },
  record: ({ feed }, result) => ({ facts: { feed, result } }),
});

function open() {
  const done: string[] = [];
  const entries: AuditEntry[] = [];
  return { done, entries, audit: async (entry: AuditEntry) => void entries.push(entry) };
}

describe('an operation', () => {
  it('does the act and records who did it, the way it came and whether the name was proved', async () => {
    const world = open();
    expect(await pause(world, ann('Operator'), { feed: 'quote' })).toBe(5);
    expect(world.done).toEqual(['quote']);
    expect(world.entries).toEqual([
      {
        recordId: SYSTEM_CHAIN,
        actor: { name: 'ann', source: 'api', isVerified: true },
        action: 'switch a feed',
        facts: { feed: 'quote', result: 5 },
      },
    ]);
  });

  it.each(ROLES)('%s: does nothing and records nothing without the permission', async (role) => {
    const world = open();
    const outcome = await pause(world, ann(role), { feed: 'quote' }).catch((error: unknown) => error);
    const isPermitted = role === 'Operator' || role === 'Admin';
    expect(outcome instanceof RefusedError).toBe(!isPermitted);
    expect([world.done.length, world.entries.length]).toEqual(isPermitted ? [1, 1] : [0, 0]);
  });

  it('names the roles that would do, and those that there are', async () => {
    const refused = (...roles: readonly Role[]) => pause(open(), ann(...roles), { feed: 'quote' });
    await expect(refused('Viewer', 'Approver')).rejects.toThrow(
      'ann may not switch a feed: expected the role Operator or Admin, got Viewer, Approver',
    );
    await expect(refused()).rejects.toThrow('ann may not switch a feed: expected the role Operator or Admin, got none');
  });

  it.each([
    [{}, 'feed: expected one of quote, product'],
    [{ feed: 'accounts' }, 'feed: expected one of quote, product'],
    [{ feed: 'quote', Feed: 'x' }, 'input: expected no field Feed'],
    [{ feed: 'quote', times: 'two' }, 'times: expected a whole number'],
    [undefined, 'input: expected'],
  ])('%j is refused by field, and nothing is done', async (input, message) => {
    const world = open();
    const attempt = pause(world, ann('Admin'), input as never);
    await expect(attempt).rejects.toThrow(UserError);
    await expect(attempt).rejects.toThrow(message);
    expect([...world.done, ...world.entries]).toEqual([]);
  });

  it.each(['', '   ', 'a'.repeat(101)])('nobody acts under the name %j (I10)', async (name) => {
    const world = open();
    await expect(pause(world, { ...ann('Admin'), name }, { feed: 'quote' })).rejects.toThrow(/^by: expected the name/);
    expect(world.done).toEqual([]);
  });

  it.each(['rule', 'Dealbridge', ' sales ', '\u0007', '…'])(
    'nobody changes anything under the name %j, which is no person’s (I10)',
    async (name) => {
      const world = open();
      const attempt = pause(world, { ...ann('Admin'), name }, { feed: 'quote' });
      await expect(attempt).rejects.toThrow(/^by: expected the name of a person/);
      expect([...world.done, ...world.entries]).toEqual([]);
    },
  );

  it('reads under any name, such as that of a shared mailbox', async () => {
    const list = defineOperation({ act: 'list feeds', input: z.strictObject({}), run: async () => 'read' });
    expect(await list({}, { ...ann('Viewer'), name: 'Sales' }, {})).toBe('read');
  });
});
