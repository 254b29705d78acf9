import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { HOLDS } from '../../deal/holds.js';
import { type Preview, type PreviewRow, previewListedDeal } from '../../operations/deals/preview-deals.js';
import { foreseeReplay, type OutlookLine, replayDeal } from '../../operations/deals/replay-deals.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { body, dealParams, json, REFUSALS } from './route-parts.js';

/** What would become of a deal now, and running it again. */

const text = z.string();
const values = z.record(text, z.union([text, z.boolean()])).openapi({ description: 'Properties of API v2.0.' });

const rowSchema = z.object({
  values,
  defaulted: z
    .record(text, text)
    .openapi({ description: 'Which of them come from the customer, the item or the account.' }),
});

const previewSchema = z
  .object({
    recordId: text,
    document: z
      .object({ header: rowSchema, lines: z.array(rowSchema) })
      .optional()
      .openapi({ description: 'Absent when the deal would be held before there could be one.' }),
    plan: z
      .array(z.object({ step: text, number: text, fields: values }))
      .openapi({ description: 'What would be written, in this order.' }),
    notes: z.array(z.object({ kind: text, field: text, text })).openapi({ description: 'Where values come from.' }),
    problems: z.array(z.object({ reason: text, text, owner: text, nextStep: text })),
  })
  .openapi('Preview');

const changeSchema = z.object({ field: text, before: text.optional(), after: text.optional() });

const outlookSchema = z
  .object({
    outlook: z.array(
      z.object({
        kind: text.openapi({ example: 'adopts' }),
        text: text.optional(),
        change: changeSchema.optional(),
      }),
    ),
    leftOut: text.optional().openapi({ description: 'Why the deal would stay as it is.' }),
  })
  .openapi('ReplayOutlook');

const choice = {
  recorded: z.literal('yes').optional().openapi({ description: 'The record as it was read then, not as it is now.' }),
  mapping: text.optional().openapi({ description: '`now`, `then`, or the beginning of a hash.' }),
};

const toChoice = (asked: { readonly recorded?: 'yes' | undefined; readonly mapping?: string | undefined }) => ({
  isAsRecorded: asked.recorded === 'yes',
  ...(asked.mapping !== undefined && { mapping: asked.mapping }),
});

export function addPreviewRoutes(api: OpenAPIHono<DeskEnv>, dependencies: DeskDependencies): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/deals/{deal}/preview',
      summary: 'What the rules in force would make of the deal now, line by line; writes nothing',
      request: { params: dealParams },
      responses: { 200: json(previewSchema, 'The document, and what would be written'), ...REFUSALS },
    }),
    async (c) => c.json(toPreview(await previewListedDeal(dependencies, c.get('person'), c.req.valid('param'))), 200),
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/deals/{deal}/replay',
      summary: 'What running the deal again would take over, make and find different; does nothing',
      request: { params: dealParams, query: z.strictObject(choice) },
      responses: { 200: json(outlookSchema, 'What would happen'), ...REFUSALS },
    }),
    async (c) => {
      const input = { ...c.req.valid('param'), ...toChoice(c.req.valid('query')) };
      const { outlook, leftOut } = await foreseeReplay(dependencies, c.get('person'), input);
      return c.json({ outlook: outlook.map(toOutlook), leftOut }, 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/deals/{deal}/replay',
      summary: 'Run the deal again: what exists is taken over, what is missing is made',
      request: { params: dealParams, ...body(z.strictObject(choice)) },
      responses: {
        200: json(
          z.object({ outlook: outlookSchema.shape.outlook, outcome: z.enum(['started', 'restarted']).optional() }),
          'It runs',
        ),
        ...REFUSALS,
      },
    }),
    async (c) => {
      const input = { ...c.req.valid('param'), ...toChoice(c.req.valid('json')) };
      const { outlook, outcome } = await replayDeal(dependencies, c.get('person'), input);
      return c.json({ outlook: outlook.map(toOutlook), outcome }, 200);
    },
  );
}

function toOutlook(line: OutlookLine): z.input<typeof outlookSchema>['outlook'][number] {
  return { ...line };
}

function toPreview({ deal, document, plan, notes, problems }: Preview): z.input<typeof previewSchema> {
  const toRow = (row: PreviewRow) => ({ values: { ...row.values }, defaulted: { ...row.defaulted } });
  return {
    recordId: deal.recordId,
    ...(document && { document: { header: toRow(document.header), lines: document.lines.map(toRow) } }),
    plan: plan.map((step) => ({ ...step, fields: { ...step.fields } })),
    notes: notes.map(({ kind, field, text: said }) => ({ kind, field, text: said })),
    problems: problems.map(({ reason, text: said }) => ({ reason, text: said, ...HOLDS[reason] })),
  };
}
