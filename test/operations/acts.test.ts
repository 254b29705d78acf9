import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RefusedError, UserError } from '../../src/deal/errors.js';
import { isAllowed, PERMISSIONS, ROLES, type Role } from '../../src/identity/permissions.js';
import type { Person } from '../../src/identity/person.js';
import type { Operation } from '../../src/operations/operation.js';

/** Every operation there is, found by its file: what is added later is checked as well. */

type AnyOperation = Operation<object, unknown, unknown>;

const FOLDER = resolve('src/operations');
const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const operations: [name: string, operation: AnyOperation][] = [];
for (const file of files) {
  const exported: Record<string, unknown> = await import(join(FOLDER, file));
  for (const [name, value] of Object.entries(exported)) if (isOperation(value)) operations.push([name, value]);
}

function isOperation(value: unknown): value is AnyOperation {
  return typeof value === 'function' && 'act' in value;
}

const personIn = (...roles: readonly Role[]): Person => ({ name: 'ann', source: 'desk', isVerified: true, roles });

/** Whoever asks for anything of it has gone past the check. */
const untouchable: object = new Proxy(
  {},
  {
    get(_target, name) {
      throw new Error(`touched ${String(name)}`);
    },
  },
);

describe('the operations', () => {
  it('are found, and are all acts of the table, each act by one at least', () => {
    expect(operations.length).toBeGreaterThan(30);
    expect([...new Set(operations.map(([, { act }]) => act))].sort()).toEqual(Object.keys(PERMISSIONS).sort());
  });

  it.each(operations)('%s: refuses each role without the permission, before anything is read', async (_name, run) => {
    for (const role of ROLES) {
      const outcome = await run(untouchable, personIn(role), { unheardOf: 1 }).catch((error: unknown) => error);
      // With the permission it is the input that is refused: nothing else was looked at yet.
      expect(outcome, role).toBeInstanceOf(isAllowed(run.act, [role]) ? UserError : RefusedError);
    }
    const roles = PERMISSIONS[run.act].join(' or ');
    await expect(run(untouchable, personIn(), {})).rejects.toThrow(
      `may not ${run.act}: expected the role ${roles}, got none`,
    );
  });

  it.each(operations)('%s: refuses a key that it does not know, and a name that is none (I10)', async (_name, run) => {
    const all = personIn(...ROLES);
    await expect(run(untouchable, all, { unheardOf: 1 })).rejects.toThrow(/no field unheardOf/);
    for (const name of ['', ' ', 'x'.repeat(101)])
      await expect(run(untouchable, { ...all, name }, {})).rejects.toThrow(/^by: expected the name/);
  });
});
