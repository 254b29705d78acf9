import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { MASTER_KINDS } from '../../deal/masters.js';
import { compareDrift, type Drift, repairDrift, showDrift } from '../../operations/masters/drift.js';
import { type ListedMaster, listMasters, retryMaster } from '../../operations/masters/masters.js';
import { decideMatches, listCandidates, matchAccounts } from '../../operations/masters/matches.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { body, json, REFUSALS } from './route-parts.js';

/** Accounts, contacts and products, and what of them waits for a person. */

type Candidate = Awaited<ReturnType<typeof listCandidates>>[number];

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

const candidateSchema = z
  .object({
    accountId: text,
    accountNumber: text.optional(),
    accountName: text,
    customerNumber: text,
    customerName: text,
    score: z.number().openapi({ description: 'The higher, the likelier.' }),
    reasons: z.array(text),
  })
  .openapi('MatchCandidate');

const decisionSchema = z.strictObject({
  account: text.openapi({ description: 'GUID of the account in Sales.' }),
  customer: text.openapi({ description: 'Number of a customer in Business Central, or `new`.' }),
  shared: z.boolean().optional().openapi({ description: 'Another account has the customer and keeps it.' }),
  instead: text.optional().openapi({
    description: 'What was decided before and this one changes: the number of a customer, or `new`.',
  }),
});

const driftSchema = z
  .object({
    companyId: text,
    company: text.optional(),
    startedAt: time,
    finishedAt: time.optional(),
    compared: z.record(text, z.number().optional()).openapi({ description: 'Linked rows by kind.' }),
    found: z.record(text, z.number().optional()).openapi({ description: 'Differences by who is right.' }),
    differences: z.array(
      z.object({
        ...{ kind: text, rowId: text, field: text, dataverse: text, businessCentral: text },
        winner: text.openapi({ description: '`sales`, `business-central`, or a `person` has to say.' }),
        reason: text,
      }),
    ),
  })
  .openapi('Drift');
const lastDrift = z.object({ companies: z.array(driftSchema) });

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
      request: { params: z.object({ kind: z.enum(MASTER_KINDS), rowId: text }) },
      responses: { 202: json(z.object({ rowId: text }), 'It is being checked'), ...REFUSALS },
    }),
    async (c) => c.json(await retryMaster(recording, c.get('person'), c.req.valid('param')), 202),
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/matches',
      summary: 'Accounts without a customer, and which customer each may be; nobody has decided yet',
      responses: { 200: json(z.array(candidateSchema), 'Pair by pair'), ...REFUSALS },
    }),
    async (c) => c.json((await listCandidates(dependencies, c.get('person'), {})).map(toCandidate), 200),
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/matches/search',
      summary: 'Look for the customers of all accounts without one; answers when it is done',
      responses: {
        200: json(z.object({ accounts: z.number(), linked: z.number(), withCandidates: z.number() }), 'What was found'),
        ...REFUSALS,
      },
    }),
    async (c) => {
      const { accounts, linked, withCandidates } = await matchAccounts(recording, c.get('person'), {});
      return c.json({ accounts, linked, withCandidates }, 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/matches/decisions',
      summary: 'Link accounts to customers, pair by pair, or decide that one is a new customer',
      request: body(z.strictObject({ decisions: z.array(decisionSchema).min(1, 'at least one decision') })),
      responses: {
        200: json(
          z.array(
            z.object({
              account: text,
              customer: text,
              outcome: text.optional(),
              decided: z
                .object({ by: text, customer: text })
                .optional()
                .openapi({ description: 'Who decided otherwise before, and what.' }),
            }),
          ),
          'What became of each: linked, new, no-such-customer, customer-taken or decided-before',
        ),
        ...REFUSALS,
      },
    }),
    async (c) => {
      const decisions = c.req.valid('json').decisions.map(({ shared = false, instead, ...pair }) => ({
        ...{ ...pair, shared },
        ...(instead !== undefined && { instead }),
      }));
      const decided = await decideMatches(recording, c.get('person'), { decisions });
      const answers = decided.map(({ accountId, customerNumber, outcome, ...more }) => ({
        ...{ account: accountId, customer: customerNumber ?? 'new', outcome },
        ...('decided' in more && { decided: more.decided }),
      }));
      return c.json(answers, 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/drift',
      summary: 'What the last comparison of both sides found, company by company; none when there was none',
      responses: { 200: json(lastDrift, 'The last comparison'), ...REFUSALS },
    }),
    async (c) => c.json(toLastDrift(await showDrift(dependencies, c.get('person'), {})), 200),
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/drift/comparison',
      summary: 'Compare all linked rows of both sides, field by field; answers when it is done',
      responses: { 200: json(lastDrift, 'What was found'), ...REFUSALS },
    }),
    async (c) => c.json(toLastDrift(await compareDrift(dependencies, c.get('person'), {})), 200),
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/drift/repair',
      summary: 'Compare, and repair what a rule decides; what needs a person stays',
      responses: {
        200: json(lastDrift.extend({ repaired: z.number() }), 'What was found, and how many rows are being repaired'),
        ...REFUSALS,
      },
    }),
    async (c) => {
      const { drifts, repaired } = await repairDrift(recording, c.get('person'), {});
      return c.json({ ...toLastDrift(drifts), repaired }, 200);
    },
  );
}

function toLastDrift(drifts: readonly Drift[]): z.input<typeof lastDrift> {
  const companies = drifts.map(({ companyId, company, startedAt, finishedAt, compared, found, differences }) => ({
    ...{ companyId, company, startedAt: startedAt.toISOString(), finishedAt: finishedAt?.toISOString() },
    ...{ compared: { ...compared }, found: { ...found }, differences: [...differences] },
  }));
  return { companies };
}

function toCandidate(candidate: Candidate): z.input<typeof candidateSchema> {
  const { accountId, accountNumber, accountName, customerNumber, customerName, score, reasons } = candidate;
  return { accountId, accountNumber, accountName, customerNumber, customerName, score, reasons: [...reasons] };
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
