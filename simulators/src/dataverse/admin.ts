import type { AdminHandler } from '../kernel/server.js';
import type { ServiceProtection } from './limits.js';
import type { Store } from './store.js';
import type { Switches } from './switches.js';
import { parseColumn } from './tables.js';
import type { WebhookRegistration, Webhooks } from './webhooks.js';

export interface AdminDependencies {
  readonly store: Store;
  readonly webhooks: Webhooks;
  readonly limits: ServiceProtection;
  readonly switches: Switches;
  readonly reset: () => void;
  readonly replaceOrganization: (id: string) => void;
}

/** What happens in Sales behind the API's back, and what a test wants to see or set. */
export function createAdmin({
  store,
  webhooks,
  limits,
  switches,
  reset,
  replaceOrganization,
}: AdminDependencies): Record<string, AdminHandler> {
  return {
    'GET /state': () => Object.fromEntries(store.schema.tables.map((table) => [table.name, store.count(table.name)])),
    'POST /reset': () => {
      reset();
      limits.reset();
      return {};
    },
    'POST /webhooks': (body) => {
      webhooks.registrations.push(body as WebhookRegistration);
      return { registered: webhooks.registrations.length };
    },
    'DELETE /webhooks': () => ({ forgotten: webhooks.registrations.splice(0).length }),
    'GET /webhooks/deliveries': () => webhooks.deliveries,
    /** Shares of calls that are dropped or doubled, and how many are sent in reverse. */
    'POST /webhooks/faults': (body) => Object.assign(webhooks.faults, body),
    'GET /limits': () => limits.settings,
    'POST /limits': (body) => {
      limits.reset();
      return Object.assign(limits.settings, body);
    },
    'GET /switches': () => switches,
    'POST /switches': (body) => Object.assign(switches, body),
    /**
     * The environment was copied over or reset: the same address, users and tokens, another organization
     * (reference/dataverse-sales 12, trap 43).
     */
    'POST /organization': (body) => {
      const { id } = body as { id: string };
      replaceOrganization(id);
      return { id };
    },
    /** A column of somebody's solution: `{"table":"salesorder","column":"bc_note:S100"}`. */
    'POST /columns': (body) => {
      const { table, column } = body as { table: string; column: string };
      const parsed = parseColumn(column);
      store.schema.table(table).columns.set(parsed.name, parsed);
      store.schema.table(table).custom.add(parsed.name);
      return parsed;
    },
    /** Change tracking off for a table that has it on. */
    'POST /change-tracking': (body) => {
      const { table, on } = body as { table: string; on: boolean };
      store.schema.table(table).changeTracking = on;
      return { table, on };
    },
    'POST /seed': (body) => {
      const { accounts = 0 } = body as { accounts?: number };
      const table = store.schema.table('account');
      const first = store.count('account') + 1;
      for (let index = 0; index < accounts; index += 1) {
        store.insert(
          table,
          {
            name: `Account ${first + index}`,
            accountnumber: `L${first + index}`,
            address1_city: `City ${index % 100}`,
          },
          true,
        );
      }
      return { accounts: store.count('account') };
    },
  };
}
