import { z } from 'zod';
import { type AuditActor, appendAudit, nameOf, SYSTEM_CHAIN } from '../audit/audit.js';
import type { Database, Queryable } from '../database.js';
import { rowsOf, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { stored, toStored } from '../stored-content.js';

/** Which environment stands under an address, as it was first registered or accepted by a person. */

export const SYSTEM_NAMES = ['dataverse', 'business-central'] as const;
export type SystemName = (typeof SYSTEM_NAMES)[number];

/** Flat, by name: `organizationId`, `companyId`, `companyName`, … */
export type Identity = Readonly<Record<string, string>>;

export interface Environment {
  readonly system: SystemName;
  readonly address: string;
  readonly identity: Identity;
}

export interface RegisteredEnvironment extends Environment {
  readonly registeredAt: Date;
  readonly registeredBy: string;
}

export interface EnvironmentLedger {
  /** What is registered under the address; the given identity when nothing was. */
  ensureRegistered(environment: Environment, by: string): Promise<Identity>;
  /** From now on this identity is the right one. Returns the one before. */
  accept(environment: Environment, by: AuditActor): Promise<Identity | undefined>;
  list(): Promise<RegisteredEnvironment[]>;
}

const environmentRow = rowsOf('environments', ['system', 'address'], {
  system: z.enum(SYSTEM_NAMES),
  address: textColumn,
  identity: stored(z.object({ facts: z.record(z.string(), z.string()) })),
  registered_at: timeColumn,
  registered_by: textColumn,
});

export function createEnvironmentLedger(database: Database): EnvironmentLedger {
  return {
    ensureRegistered: (environment, by) =>
      database.transaction(async (tx) => {
        const { system, address, identity } = environment;
        // Of two workers that start together one registers, the other waits here and compares.
        const { rowCount } = await tx.query(
          `INSERT INTO environments (system, address, identity, registered_by) VALUES ($1, $2, $3, $4)
           ON CONFLICT (system, address) DO NOTHING`,
          [system, address, toStored({ facts: identity }), by],
        );
        if (rowCount === 0) {
          const known = await selectRow(
            tx,
            environmentRow,
            'SELECT * FROM environments WHERE system = $1 AND address = $2',
            [system, address],
          );
          return known?.identity.facts ?? identity;
        }
        const facts = { system, address };
        const entry = { recordId: SYSTEM_CHAIN, actor: by, action: 'environment registered' as const, facts };
        await appendAudit(tx, { ...entry, after: identity });
        return identity;
      }),
    accept: ({ system, address, identity }, by) =>
      database.transaction(async (tx) => {
        const known = await selectRow(
          tx,
          environmentRow,
          'SELECT * FROM environments WHERE system = $1 AND address = $2 FOR UPDATE',
          [system, address],
        );
        await tx.query(
          `INSERT INTO environments (system, address, identity, registered_by) VALUES ($1, $2, $3, $4)
           ON CONFLICT (system, address) DO UPDATE
           SET identity = excluded.identity, registered_by = excluded.registered_by, registered_at = now()`,
          [system, address, toStored({ facts: identity }), nameOf(by)],
        );
        const before = known?.identity.facts;
        const facts = { system, address };
        const entry = { recordId: SYSTEM_CHAIN, actor: by, action: 'environment accepted' as const, facts };
        await appendAudit(tx, { ...entry, before, after: identity });
        return before;
      }),
    async list() {
      const rows = await selectRows(
        database,
        environmentRow,
        'SELECT * FROM environments ORDER BY system DESC, address',
      );
      return rows.map(({ system, address, identity, registered_at, registered_by }) => ({
        system,
        address,
        identity: identity.facts,
        registeredAt: registered_at,
        registeredBy: registered_by,
      }));
    },
  };
}

/** Of the company of Business Central that was registered under the address. */
export async function findRegisteredCompanyId(database: Database, address: string): Promise<string | undefined> {
  const registered = await createEnvironmentLedger(database).list();
  return registered.find((one) => one.system === 'business-central' && one.address === address)?.identity['companyId'];
}

const namedRow = rowsOf('environments', [], { id: textColumn, name: textColumn });

/** Companies of Business Central by their id, as they were registered. */
export async function findCompanyNames(db: Queryable): Promise<ReadonlyMap<string, string>> {
  const rows = await selectRows(
    db,
    namedRow,
    `SELECT identity -> 'facts' ->> 'companyId' AS id, identity -> 'facts' ->> 'companyName' AS name FROM environments
     WHERE system = 'business-central' AND identity -> 'facts' ->> 'companyId' IS NOT NULL
       AND identity -> 'facts' ->> 'companyName' IS NOT NULL`,
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}
