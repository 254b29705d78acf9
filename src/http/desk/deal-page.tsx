import type { Context } from 'hono';
import { isFinalStatus } from '../../deal/payment-status.js';
import { titleBeside } from '../../deal/record-title.js';
import type { OpenDeal } from '../../operations/deals/open-deal.js';
import type { DealAct } from '../../operations/deals/possible-acts.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { ClosedPeriodWarning } from './closed-period.js';
import { type Format, Time } from './format.js';
import { Form, formatOf } from './frame.js';
import { Live } from './layout.js';
import { NextStep } from './next-step.js';
import { toDocumentAddress, toRecordAddress } from './places.js';
import { ALL_LINES } from './shown-lines.js';
import { SideBySide } from './side-by-side.js';
import { Timeline } from './timeline.js';
import {
  OWNER_WORDS,
  PAYMENT_WORDS,
  STATE_WORDS,
  TABLE_WORDS,
  toCompanyName,
  toReasonWords,
  toStateWords,
} from './words.js';
import { nameOf } from './work-list.js';

/** One deal: what it waits for and what to do, deal and draft side by side, its documents, and all that happened. */

interface Props {
  readonly c: Context<DeskEnv>;
  readonly deal: OpenDeal;
  readonly seen: string;
  readonly places: DeskDependencies['places'];
  readonly now: Date;
}

export function DealPage({ c, deal, seen, places, now }: Props) {
  const format = formatOf(c);
  const path = `/deals/${deal.recordId}`;
  const isWhole = c.req.query('lines') === 'all';
  return (
    <Live path={isWhole ? `${path}?${ALL_LINES}` : path} seen={seen}>
      <p class="back">
        <a href="/">Work list</a>
      </p>
      <header class="deal-head">
        <h1>
          {nameOf(deal)} <span class="light">{titleBeside(deal)}</span>
        </h1>
        <dl class="facts">
          <Fact name="Customer" value={deal.customer} more={deal.record.customerNumber} />
          <Fact name="Company" value={toCompanyName(deal.company)} />
          <Fact name="Seller" value={deal.seller} />
          <Fact
            name={deal.isTaxStated ? 'Gross' : 'Net'}
            value={format.money(deal.amount, deal.currency)}
            more={deal.isTaxStated || deal.amount === undefined ? undefined : 'tax not stated'}
          />
          <Fact name="Given to" value={deal.assignee} />
        </dl>
      </header>
      {c.req.query('said') === 'replayed' && (
        <p class="good" role="status">
          It runs again. This page shows how far it is.
        </p>
      )}
      <Status deal={deal} format={format} now={now} />
      <div class="columns">
        <div>
          {deal.comparison && <SideBySide comparison={deal.comparison} deal={deal} format={format} isWhole={isWhole} />}
          <Documents deal={deal} places={places} format={format} />
          <Timeline trail={deal.trail} notices={deal.notices} documents={deal.documents} format={format} />
        </div>
        <div>
          <Lineage deal={deal} />
          <Notes c={c} deal={deal} format={format} />
          <Links deal={deal} places={places} />
        </div>
      </div>
    </Live>
  );
}

function Fact({
  name,
  value,
  more,
}: {
  readonly name: string;
  readonly value: string | undefined;
  readonly more?: string | undefined;
}) {
  if (value === undefined) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        {more !== undefined && <span class="light"> {more}</span>}
      </dd>
    </div>
  );
}

const ACT_WORDS: Readonly<
  Record<Extract<DealAct, 'confirm' | 'reject' | 'retry' | 'cancel'>, { readonly label: string; readonly look: string }>
> = {
  confirm: { label: 'Confirm', look: 'primary' },
  retry: { label: 'Retry', look: 'primary' },
  reject: { label: 'Reject', look: '' },
  cancel: { label: 'Cancel the deal', look: 'quiet' },
};

/** Acts with a page of their own. */
const PAGE_WORDS: Readonly<Record<Extract<DealAct, 'preview' | 'replay'>, string>> = {
  preview: 'Preview',
  replay: 'Run again…',
};

function Status({ deal, format, now }: { readonly deal: OpenDeal; readonly format: Format; readonly now: Date }) {
  // The run knows a moment more than the ledger.
  const state = deal.status?.state ?? deal.state;
  const { label, meaning, tone } = toStateWords(state, deal.status?.decided);
  const holds =
    deal.status?.problems ?? (deal.hold ? [deal.hold, ...deal.hold.others.map((one) => ({ ...one, text: '' }))] : []);
  const acts = deal.acts.filter((act): act is keyof typeof ACT_WORDS => act in ACT_WORDS);
  const pages = deal.acts.filter((act): act is keyof typeof PAGE_WORDS => act in PAGE_WORDS);
  const path = `/deals/${deal.recordId}`;
  return (
    <section class={`status ${tone}`} aria-label="Where the deal stands">
      <h2>
        {label} <span class="light">for {format.age(deal.since, now)}</span>
      </h2>
      <p>{meaning}</p>
      {deal.figures && (
        <p class="figures">
          Draft <strong>{deal.figures.documentNumber}</strong>, in all{' '}
          <strong>{format.money(deal.figures.totalIncludingTax, deal.figures.currency)}</strong> including tax
        </p>
      )}
      {deal.status?.approval !== undefined && (
        <p class="warning">
          {deal.status.approval.needed} people have to confirm:{' '}
          {deal.status.approval.needed - deal.status.approval.by.length} missing
          {deal.status.approval.by.length > 0 && `, ${deal.status.approval.by.join(', ')} confirmed already`}.
          {deal.status.approval.hasOneMore &&
            ' One more than usual: somebody changed the draft by hand in Business Central, and may be one of them.'}
        </p>
      )}
      {deal.status?.difference !== undefined && (
        <p class="warning">Draft and deal do not agree: {deal.status.difference}.</p>
      )}
      {holds.length > 0 && (
        <ul class="holds">
          {holds.map(({ reason, text, owner, nextStep }) => (
            <li>
              <strong>{toReasonWords(reason)}</strong>
              {text !== '' && <span class="found">{text}</span>}
              <span class="next">
                <span class="owner">Next step, {OWNER_WORDS[owner as keyof typeof OWNER_WORDS] ?? owner}:</span>{' '}
                <NextStep text={nextStep} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {deal.handEdits.length > 0 && (
        <p class="warning">Somebody changed the draft in Business Central: {deal.handEdits.join('; ')}.</p>
      )}
      {deal.setAside && <p class="warning">Changes in Sales are not read at the moment: {deal.setAside.reason}.</p>}
      {deal.isTemporalSilent && <TemporalSilentWarning />}
      {deal.status?.state === 'awaiting-confirmation' && !deal.status.decided && (
        <ClosedPeriodWarning period={deal.closedPeriod} />
      )}
      {acts.length + pages.length > 0 && (
        <p class="actions">
          {acts.map((act) => (
            <a
              class={`button ${ACT_WORDS[act].look}`}
              href={`${path}/${act}`}
              hx-get={`${path}/${act}`}
              hx-target="#panel"
              {...(act === 'confirm' && { 'data-key': 'c' })}
              {...(act === 'retry' && { 'data-key': 'r' })}
            >
              {ACT_WORDS[act].label}
              {act === 'confirm' || act === 'reject' ? '…' : ''}
            </a>
          ))}
          {pages.map((act) => (
            <a class="button quiet" href={`${path}/${act}`}>
              {PAGE_WORDS[act]}
            </a>
          ))}
        </p>
      )}
    </section>
  );
}

const DOCUMENT_WORDS = { quote: 'Quote', order: 'Order', invoice: 'Draft invoice', posted: 'Invoice' } as const;

function Documents({ deal, places, format }: Pick<Props, 'deal' | 'places'> & { readonly format: Format }) {
  if (deal.documents.length === 0) return null;
  return (
    <section aria-label="Documents">
      <h2>Documents in Business Central</h2>
      <ul class="documents">
        {deal.documents.map((document) => {
          const { kind, number, isPosted, isConverted, isGone, isOther, includingTax, currency, payment } = document;
          const address = toDocumentAddress(places.businessCentral, toCompanyName(deal.company), document);
          const isDue = payment && !isGone && !isFinalStatus(payment.status);
          const what = DOCUMENT_WORDS[isPosted ? 'posted' : kind];
          return (
            <li>
              <span>
                {what} {address === undefined ? <strong>{number}</strong> : <a href={address}>{number}</a>}
              </span>
              <span class="amount">{format.money(includingTax, currency)}</span>
              <span class="light">including tax</span>
              {isConverted && <span class="light">converted</span>}
              {isGone && <span class="badge quiet">{isPosted ? 'not found any more' : 'deleted'}</span>}
              {isOther && <span class="badge quiet">not of this deal</span>}
              {payment && !isGone && (
                <span class={`badge ${payment.status === 'paid' ? 'good' : 'quiet'}`}>
                  {PAYMENT_WORDS[payment.status]}
                </span>
              )}
              {isDue && payment.dueDate !== undefined && <span class="light">due {format.day(payment.dueDate)}</span>}
              {isDue && payment.status === 'part-paid' && (
                <span class="light">{format.money(payment.remaining, currency)} open</span>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Lineage({ deal }: { readonly deal: OpenDeal }) {
  if (deal.lineage.length < 2) return null;
  return (
    <section aria-label="Records of this sale">
      <h2>Records of this sale</h2>
      <ol class="lineage">
        {deal.lineage.map(({ table, recordId, number, state, isThis }) => (
          <li class={isThis ? 'this' : ''} {...(isThis && { 'aria-current': 'true' })}>
            <span class="light">{TABLE_WORDS[table]}</span>{' '}
            {isThis || state === undefined ? (
              <strong>{number ?? recordId.slice(0, 8)}</strong>
            ) : (
              <a href={`/deals/${recordId}`}>{number ?? recordId.slice(0, 8)}</a>
            )}
            {state !== undefined && <span class="sub">{STATE_WORDS[state].label}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Notes({ c, deal, format }: Pick<Props, 'c' | 'deal'> & { readonly format: Format }) {
  const path = `/deals/${deal.recordId}`;
  const me = c.get('person').name;
  return (
    <section aria-label="Notes">
      <h2>Notes</h2>
      {deal.notes.length === 0 && <p class="light">Nobody has written anything about this deal.</p>}
      <ul class="notes">
        {deal.notes.map(({ at, by, text }) => (
          <li>
            <p>{text}</p>
            <p class="sub">
              {by}, <Time at={at} format={format} />
            </p>
          </li>
        ))}
      </ul>
      {deal.acts.includes('note') && (
        <Form c={c} action={`${path}/note`} class="note">
          <label>
            <span>Write a note for your colleagues</span>
            <textarea name="text" rows={2} required maxlength={4000} />
          </label>
          <button type="submit">Write</button>
        </Form>
      )}
      {deal.acts.includes('assign') && (
        <Form c={c} action={`${path}/assign`} class="assign">
          {deal.assignee === me ? (
            <button name="to" value="" type="submit" class="quiet">
              Give it back
            </button>
          ) : (
            <button name="to" value="me" type="submit" class="quiet">
              I take care of it
            </button>
          )}
        </Form>
      )}
    </section>
  );
}

function Links({ deal, places }: Pick<Props, 'deal' | 'places'>) {
  return (
    <section aria-label="Elsewhere">
      <h2>Elsewhere</h2>
      <ul class="links">
        <li>
          <a href={toRecordAddress(places.dataverse, deal)}>{TABLE_WORDS[deal.table]} in Dynamics 365 Sales</a>
        </li>
        {places.temporalUi !== undefined && (
          <li>
            <a href={`${places.temporalUi}/${deal.recordId}`}>Run in Temporal</a>
          </li>
        )}
      </ul>
      <p class="sub">
        Key: <code>{deal.recordId}</code>
      </p>
    </section>
  );
}

export function TemporalSilentWarning() {
  return (
    <p class="warning">
      Temporal or the worker does not answer, so nothing can be decided right now. What you see is what the ledger
      holds.
    </p>
  );
}
