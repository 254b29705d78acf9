import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { verifyTrail } from '../../operations/audit/audit.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { json, REFUSALS } from './route-parts.js';
import { sendTrail } from './send-trail.js';

/** The trail of every change and decision: proved, and taken out. */

const text = z.string();

const verdictSchema = z
  .object({
    entries: z.number(),
    chains: z.number(),
    seals: z.number(),
    witnesses: z.array(z.object({ witness: text, seals: z.number(), behind: z.number() })),
    findings: z.array(z.object({ kind: text, chain: text, position: z.number(), entryId: text.optional(), text })),
  })
  .openapi('Verdict');

export function addTrailRoutes(api: OpenAPIHono<DeskEnv>, dependencies: DeskDependencies): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/trail/verification',
      summary: 'Prove chains, signatures and seals, and compare with the witnesses; no finding means that it is whole',
      request: { query: z.strictObject({ record: text.optional() }) },
      responses: { 200: json(verdictSchema, 'What was proved, and the first wrong entry of each chain'), ...REFUSALS },
    }),
    async (c) => {
      const { record } = c.req.valid('query');
      const input = record === undefined ? {} : { recordId: record };
      const { testimonies, findings, ...counts } = await verifyTrail(dependencies, c.get('person'), input);
      const witnesses = testimonies.map(({ witness, seals, behind }) => ({ witness, seals, behind }));
      return c.json({ ...counts, witnesses, findings: [...findings] }, 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/trail/export',
      summary: 'Everything that the proof needs, as JSON Lines; personal content only with `personal=yes`',
      request: {
        query: z.strictObject({
          record: text.optional(),
          since: z.iso.datetime('an instant such as 2026-03-01T00:00:00Z').optional(),
          personal: z.literal('yes').optional(),
        }),
      },
      responses: {
        200: { description: 'One line an entry', content: { 'application/x-ndjson': { schema: text } } },
        ...REFUSALS,
      },
    }),
    async (c) => {
      const { record, since, personal } = c.req.valid('query');
      const input = {
        ...(record !== undefined && { recordId: record }),
        ...(since !== undefined && { since: new Date(since) }),
        personal: personal === 'yes',
      };
      return (await sendTrail(c, dependencies, c.get('person'), input)) as never;
    },
  );
}
