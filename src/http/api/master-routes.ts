import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type ListedMaster, listMasters, retryMaster } from '../../operations/masters/masters.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { json, REFUSALS } from './route-parts.js';

/** Accounts, contacts and products, and what of them waits for a person. */

const text = z.string();
const time = z.iso.datetime();

const masterSchema = z
  .object({
    kind: text,
    rowId: text.openapi({ description: 'GUID of the row in Sales.' }),
    state: text,
    number: text.optional(),
    name: text.optional(),
    businessCentralNumber: text.optional(),
    problemSince: time.optional(),
    checkedAt: time,
    problems: z.array(z.object({ reason: text, text, owner: text, nextStep: text })),
  })
  .openapi('Master');

export function addMasterRoutes(api: OpenAPIHono<DeskEnv>, dependencies: DeskDependencies): void {
  const recording = { ...dependencies, audit: dependencies.ledger.audit };

  api.openapi(
    createRoute({
      method: 'get',
      path: '/master-data',
      summary: 'Accounts with their contacts, or products; `problems=only` leaves out what is in agreement',
      request: {
        query: z.strictObject({ of: z.enum(['accounts', 'products']), problems: z.literal('only').optional() }),
      },
      responses: { 200: json(z.array(masterSchema), 'The rows'), ...REFUSALS },
    }),
    async (c) => {
      const { of, problems } = c.req.valid('query');
      const found = await listMasters(dependencies, c.get('person'), { of, onlyProblems: problems === 'only' });
      return c.json(found.map(toMaster), 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/master-data/{kind}/{rowId}/retry',
      summary: 'Check a row again, also when nothing changed',
      request: { params: z.object({ kind: z.enum(['account', 'contact', 'product']), rowId: text }) },
      responses: { 202: json(z.object({ rowId: text }), 'It is being checked'), ...REFUSALS },
    }),
    async (c) => c.json(await retryMaster(recording, c.get('person'), c.req.valid('param')), 202),
  );
}

function toMaster(master: ListedMaster): z.input<typeof masterSchema> {
  const { kind, rowId, state, number, name, bcNumber, problemSince, checkedAt, problems } = master;
  return {
    ...{ kind, rowId, state, number, name, businessCentralNumber: bcNumber },
    problemSince: problemSince?.toISOString(),
    checkedAt: checkedAt.toISOString(),
    problems: problems.map(({ reason, text: said, owner, nextStep }) => ({ reason, text: said, owner, nextStep })),
  };
}
