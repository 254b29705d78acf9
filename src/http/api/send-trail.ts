import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import type { Person } from '../../identity/person.js';
import { exportTrail } from '../../operations/audit/audit.js';
import type { DeskDependencies } from '../desk-dependencies.js';

type ExportInput = Parameters<typeof exportTrail>[2];

/**
 * The trail as JSON Lines: it may be larger than memory, so the next line waits until this one is taken. A file that was cut
 * lacks its last line, `end`.
 */
export async function sendTrail(
  c: Context,
  { database }: Pick<DeskDependencies, 'database'>,
  person: Person,
  input: ExportInput,
): Promise<Response> {
  const lines = await exportTrail({ database }, person, input);
  c.header('content-type', 'application/x-ndjson');
  c.header('content-disposition', 'attachment; filename="dealbridge-trail.jsonl"');
  return stream(c, async (out) => {
    for await (const line of lines) {
      if (out.aborted) return;
      await out.write(`${JSON.stringify(line)}\n`);
    }
  });
}
