import { Client, type Connection, WorkflowUpdateFailedError } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { dealWorkflowId } from '../../src/deal/ids.js';
import { SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import type { Queryable } from '../../src/ledger/database.js';

/** Decisions as people type them into Temporal's own tools, none of which says who decides and exactly what. */

const MISSPELLED: readonly (readonly [kind: 'update' | 'signal', name: string, input: unknown])[] = [
  ['update', 'confirm', {}],
  ['update', 'confirm', 'ann'],
  ['update', 'confirm', { by: 'ann', figures: { total: '1' } }],
  ['update', 'confirm', { by: '', figures: {} }],
  ['update', 'confirm', { by: 7 }],
  ['update', 'cancel', { By: 'ann', reason: 'a mistake' }],
  ['update', 'cancel', { by: 'ann' }],
  ['update', 'reject', {}],
  ['update', 'reject', { by: 'ann', Reason: 'a mistake' }],
  ['update', 'retry', { By: 'ann' }],
  ['update', 'replay', 'ann'],
  ['signal', 'confirm', {}],
  ['signal', 'confirm', { by: 'ann', figures: { total: '1' } }],
  ['signal', 'reject', {}],
  ['signal', 'Confirm', { by: 'ann' }],
];
const SENT_TO_EACH = 4;

/** Like Temporal's own tools: it seals nothing of what it sends, and reads answers by the codec server. */
export function openPlainClient(connection: Connection, converter: DataConverter): Client {
  const payloadCodecs = (converter.payloadCodecs ?? []).map((codec) => ({
    encode: async (payloads: Parameters<typeof codec.encode>[0]) => payloads,
    decode: (payloads: Parameters<typeof codec.decode>[0]) => codec.decode(payloads),
  }));
  return new Client({ connection, dataConverter: { ...converter, payloadCodecs } });
}

export interface Misspelled {
  /** Updates refused, and signals sent: those nobody can refuse. */
  readonly sent: number;
  /** How many updates were taken. */
  readonly taken: number;
  sendTo(recordId: string): Promise<void>;
}

export function createMisspelled(temporal: Client, roll: (what: string) => number): Misspelled {
  let sent = 0;
  let taken = 0;
  return {
    get sent() {
      return sent;
    },
    get taken() {
      return taken;
    },
    async sendTo(recordId) {
      const handle = temporal.workflow.getHandle(dealWorkflowId(recordId));
      const first = Math.floor(roll(`misspelled/${recordId}`) * MISSPELLED.length);
      for (let nth = 0; nth < SENT_TO_EACH; nth += 1) {
        // Four apart, so that no deal gets one kind of them alone.
        const chosen = MISSPELLED[(first + nth * SENT_TO_EACH) % MISSPELLED.length];
        if (!chosen) continue;
        const [kind, name, input] = chosen;
        if (kind === 'signal') {
          await handle.signal(name, input);
        } else {
          const isTaken = await handle.executeUpdate(name, { args: [input] }).then(
            () => true,
            (error: unknown) => {
              if (error instanceof WorkflowUpdateFailedError) return false;
              throw error;
            },
          );
          if (isTaken) taken += 1;
        }
        sent += 1;
      }
    },
  };
}

/** By whom the trail of a deal has entries without anybody having decided. */
const PROGRAM: readonly string[] = ['dealbridge', 'Sales', 'rule'];

/** Entries by somebody else than the people of the run: signals that fit nothing cannot be refused, and were taken. */
export async function countStrangers(database: Queryable, people: readonly string[]): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM audit_entries WHERE record_id <> $1 AND NOT actor = ANY ($2)',
    [SYSTEM_CHAIN, [...PROGRAM, ...people]],
  );
  return rows[0]?.count ?? 0;
}
