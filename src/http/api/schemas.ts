import { z } from '@hono/zod-openapi';
import { DOCUMENT_KINDS } from '../../deal/deal.js';
import { HOLD_OWNERS } from '../../deal/holds.js';
import { SOURCE_TABLES } from '../../deal/ids.js';
import { DEAL_STATES } from '../../deal/states.js';
import type { DealStatus } from '../../dispatch/deal-commands.js';
import type { AdvisedReason, ListedDeal } from '../../ledger/deals/list-deals.js';
import { toFiguresVersion } from '../../operations/deals/figures-version.js';
import type { OpenDeal } from '../../operations/deals/open-deal.js';
import { DEAL_ACTS } from '../../operations/deals/possible-acts.js';
import { WORK_VIEWS, type WorkList } from '../../operations/deals/work-list.js';
import type { Feeds } from '../../operations/feeds/feeds.js';

/** What the API answers, and how it is made from what the operations return. */

const text = z.string();
const decimal = z.string().openapi({ example: '169.46', description: 'A decimal as text: money is never a float.' });
const time = z.iso.datetime();

const advisedReason = z.object({
  reason: text.openapi({ example: 'customer-missing' }),
  owner: z.enum(HOLD_OWNERS).openapi({ description: 'Whose move it is.' }),
  nextStep: text,
});

const hold = advisedReason.extend({
  text: text.openapi({ description: 'Everything that was found, for all of the reasons.' }),
  others: z.array(advisedReason).openapi({ description: 'What else the deal waits for at the same time.' }),
});

const figures = z
  .object({ documentNumber: text, totalIncludingTax: decimal, currency: text })
  .openapi('Figures', { description: 'What a confirmation agrees to, all of it.' });

export const problemSchema = z
  .object({
    type: text,
    title: text,
    status: z.number(),
    detail: text,
    code: text,
    field: text.optional(),
    expected: text.optional(),
  })
  .openapi('Problem');

export const dealSchema = z
  .object({
    recordId: z.guid(),
    table: z.enum(SOURCE_TABLES),
    number: text.optional(),
    name: text.optional(),
    customer: text.optional(),
    seller: text.optional(),
    company: text.optional(),
    net: decimal.optional(),
    gross: decimal
      .optional()
      .openapi({ description: 'Absent while there is no document and the record in Sales has no tax.' }),
    currency: text.optional(),
    state: z.enum(DEAL_STATES),
    since: time,
    hold: hold.optional(),
    documentNumber: text.optional(),
    invoiceNumber: text.optional(),
    assignee: text.optional(),
  })
  .openapi('Deal');

export const workListSchema = z
  .object({
    view: z.enum(WORK_VIEWS),
    deals: z.array(dealSchema),
    sums: z
      .array(z.object({ currency: text.optional(), deals: z.number(), gross: decimal }))
      .openapi({ description: 'Of deals without a gross amount the net one counts.' }),
    counts: z.record(z.enum(WORK_VIEWS), z.number()),
    next: text.optional().openapi({ description: '`cursor` of the next page; absent on the last one.' }),
  })
  .openapi('WorkList');

export const statusSchema = z
  .object({
    state: z.enum(DEAL_STATES),
    step: text,
    figures: figures.optional(),
    figuresVersion: text.optional().openapi({ description: 'What `If-Match` has to carry.' }),
    difference: text.optional(),
    approval: z
      .object({ needed: z.number(), hasOneMore: z.literal(true).optional(), by: z.array(text) })
      .optional()
      .openapi({
        description:
          'How many people have to confirm, and who has, when one is not enough; one more for a draft that somebody changed by hand.',
      }),
    invoiceNumber: text.optional(),
    decided: text.optional().openapi({ description: 'What was decided and is being carried out, and by whom.' }),
  })
  .openapi('DealStatus');

const shownLine = z.object({
  number: text,
  text,
  quantity: decimal,
  unit: text.optional(),
  unitPrice: decimal,
  discount: decimal,
  net: decimal,
});

export const openDealSchema = dealSchema
  .extend({
    status: statusSchema.optional().openapi({ description: 'Of its run; absent when none is open.' }),
    comparison: z
      .object({
        lines: z.array(
          z.object({
            position: z.number(),
            sold: shownLine.optional(),
            drafted: shownLine.optional(),
            differences: z.array(text),
          }),
        ),
        totals: z.array(
          z.object({
            name: text,
            sold: decimal.optional(),
            drafted: decimal.optional(),
            isDifferent: z.boolean(),
          }),
        ),
      })
      .optional(),
    closedPeriod: z
      .object({ postingDate: text, from: text.optional(), to: text.optional() })
      .optional()
      .openapi({ description: 'The posting date of the draft, when Business Central takes no posting on it.' }),
    handEdits: z.array(text),
    documents: z.array(
      z.object({
        kind: z.enum(DOCUMENT_KINDS),
        id: text,
        number: text,
        isPosted: z.boolean(),
        isConverted: z.boolean().openapi({ description: 'A quote that became another document.' }),
        isGone: z.boolean().openapi({ description: 'It was deleted, or is not found any more.' }),
        isOther: z
          .boolean()
          .openapi({ description: 'Somebody made it under the number of the deal; it counts for nothing.' }),
        excludingTax: decimal,
        includingTax: decimal,
        currency: text,
        payment: z.object({ status: text, remaining: decimal, dueDate: text.optional() }).optional(),
      }),
    ),
    lineage: z.array(
      z.object({
        table: z.enum(SOURCE_TABLES),
        recordId: text,
        number: text.optional(),
        state: z.enum(DEAL_STATES).optional(),
        isThis: z.boolean(),
      }),
    ),
    notes: z.array(z.object({ at: time, by: text, text })),
    notices: z.array(z.object({ at: time, kind: text, text })),
    timeline: z.array(
      z.object({
        at: time,
        actor: text,
        action: text,
        requestId: text.optional(),
        facts: z.record(text, z.unknown()).optional(),
      }),
    ),
    acts: z.array(z.enum(DEAL_ACTS)).openapi({ description: 'What the caller may do with it now.' }),
  })
  .openapi('OpenDeal');

export const examinationSchema = z
  .object({
    steps: z.array(
      z.object({
        step: text,
        findings: z.array(z.object({ check: text, result: text, found: text, advice: text.optional() })),
      }),
    ),
  })
  .openapi('Examination');

export const feedsSchema = z
  .object({
    dataverse: z.array(
      z.object({
        table: text,
        phase: text,
        caughtUpAt: time.optional().openapi({ description: 'Whatever changed before this moment has been read.' }),
        rowsRead: text,
        rowsToBringOver: z
          .number()
          .openapi({ description: 'Rows of a full reading that wait behind deals and changes.' }),
        pausedAt: time.optional(),
        pausedBy: text.optional(),
        lastError: text.optional(),
      }),
    ),
    businessCentral: z.array(
      z.object({
        name: text,
        position: time.optional(),
        ageSeconds: z.number().optional(),
        lastError: text.optional(),
      }),
    ),
    missed: z.array(z.object({ table: text, source: text, records: z.number() })),
    pausedLanes: z.array(z.object({ system: text, since: time, problem: text })),
    throttledLanes: z.array(
      z.object({ system: text, address: text, clientId: text, since: time, until: time, problem: text }),
    ),
  })
  .openapi('Feeds');

export const positionSchema = z
  .object({ table: text, isPaused: z.boolean(), lastError: text.optional() })
  .openapi('FeedPosition');

export function toFeeds({
  dataverse,
  backfill,
  businessCentral,
  gaps,
  pausedLanes,
  throttledLanes,
}: Feeds): z.input<typeof feedsSchema> {
  return {
    dataverse: dataverse.map(({ table, phase, caughtUpAt, rowsRead, pausedAt, pausedBy, lastError }) => ({
      ...{ table, phase, caughtUpAt: caughtUpAt?.toISOString(), rowsRead, rowsToBringOver: backfill[table] ?? 0 },
      ...{ pausedAt: pausedAt?.toISOString(), pausedBy, lastError },
    })),
    businessCentral: businessCentral.map(({ name, position, ageSeconds, lastError }) => ({
      ...{ name, position: position?.toISOString(), ageSeconds, lastError },
    })),
    missed: gaps.flatMap(({ table, sources }) =>
      Object.entries(sources).map(([source, { missed }]) => ({ table, source, records: missed })),
    ),
    throttledLanes: throttledLanes.map(({ pausedSince, pausedUntil, ...lane }) => ({
      ...lane,
      since: pausedSince.toISOString(),
      until: pausedUntil.toISOString(),
    })),
    pausedLanes: pausedLanes.map(({ system, pausedSince, problem }) => ({
      ...{ system, since: pausedSince.toISOString(), problem },
    })),
  };
}

function toDeal(deal: ListedDeal): z.input<typeof dealSchema> {
  const { recordId, table, number, name, customer, seller, company, net, currency, state, documentNumber } = deal;
  const { amount, isTaxStated, invoiceNumber, assignee, hold: held } = deal;
  const gross = isTaxStated ? amount : undefined;
  return {
    ...{ recordId, table, number, name, customer, seller, company, net, gross, currency, state },
    since: deal.since.toISOString(),
    ...(held && { hold: { ...toAdvised(held), text: held.text, others: held.others.map(toAdvised) } }),
    ...{ documentNumber, invoiceNumber, assignee },
  };
}

function toAdvised({ reason, owner, nextStep }: AdvisedReason): z.input<typeof advisedReason> {
  return { reason, owner, nextStep };
}

export function toWorkList({ view, deals, sums, counts, next }: WorkList): z.input<typeof workListSchema> {
  return { view, deals: deals.map(toDeal), sums: [...sums], counts, next };
}

export function toStatus(status: DealStatus) {
  const { state, step, figures: shown, difference, approval, invoiceNumber, decided } = status;
  return {
    ...{ state, step, figures: shown, difference, invoiceNumber, decided: decided?.how },
    ...(approval && { approval: { ...approval, by: [...approval.by] } }),
    figuresVersion: shown && toFiguresVersion(shown),
  } satisfies z.input<typeof statusSchema>;
}

export function toOpenDeal(deal: OpenDeal): z.input<typeof openDealSchema> {
  const { comparison } = deal;
  return {
    ...toDeal(deal),
    status: deal.status && toStatus(deal.status),
    comparison: comparison && {
      lines: comparison.lines.map((line) => ({ ...line, differences: [...line.differences] })),
      totals: [...comparison.totals],
    },
    closedPeriod: deal.closedPeriod,
    handEdits: [...deal.handEdits],
    documents: deal.documents.map(({ payment, isReported: _1, ...document }) => ({
      ...document,
      payment: payment && { status: payment.status, remaining: payment.remaining, dueDate: payment.dueDate },
    })),
    lineage: [...deal.lineage],
    notes: deal.notes.map((note) => ({ ...note, at: note.at.toISOString() })),
    notices: deal.notices.map(({ at, kind, text: said }) => ({ at: at.toISOString(), kind, text: said })),
    timeline: deal.trail.map(({ at, actor, action, requestId, facts }) => ({
      ...{ at: at.toISOString(), actor, action, requestId: requestId ?? undefined },
      ...(facts && { facts: { ...facts } }),
    })),
    acts: [...deal.acts],
  };
}
