import { type Context, Hono } from 'hono';
import type { Child } from 'hono/jsx';
import { countMissingAfter } from '../../deal/approval.js';
import { REMOTE_ERRORS } from '../../deal/error-codes.js';
import {
  ChangedSinceError,
  DealbridgeError,
  NotAllowedError,
  NotTakenYetError,
  UnknownError,
} from '../../deal/errors.js';
import { isAllowed, type Role, rolesFor } from '../../identity/permissions.js';
import { cancelDeal, confirmDeal, rejectDeal, retryDeal } from '../../operations/deals/decide.js';
import { parseFiguresVersion } from '../../operations/deals/figures-version.js';
import { assignDeal, noteDeal } from '../../operations/deals/notes.js';
import { type OpenDeal, openDeal } from '../../operations/deals/open-deal.js';
import type { DealAct } from '../../operations/deals/possible-acts.js';
import { showDeal } from '../../operations/deals/show-deal.js';
import { findLatestWork } from '../../operations/deals/work-list.js';
import { problemOf } from '../api/problem.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { ClosedPeriodWarning } from './closed-period.js';
import { DealPage, TemporalSilentWarning } from './deal-page.js';
import { type Fields, Form, type Frame, formatOf, isPart, readForm } from './frame.js';
import { Message } from './layout.js';
import { NextStep } from './next-step.js';
import { CONFIRM_WORDS, toReasonWords, toStateWords } from './words.js';
import { nameOf } from './work-list.js';

/** The page of a deal, and the forms by which people decide: each shows what it is about, and says what came of it. */

type Asked = Extract<DealAct, 'confirm' | 'reject' | 'retry' | 'cancel'>;

const DONE: Readonly<Record<Exclude<Asked, 'confirm'>, string>> = {
  reject: 'Rejected. The draft is being deleted; nothing is posted.',
  retry: 'The deal goes on where it stood.',
  cancel: 'Cancelled. Nothing is posted.',
};

export function createDealRoutes(dependencies: DeskDependencies, frame: Frame): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  const open = (c: Context<DeskEnv>): Promise<OpenDeal> =>
    openDeal(dependencies, c.get('person'), { deal: c.req.param('deal') ?? '' });

  app.get('/deals/:deal', async (c) => {
    const seen = await findLatestWork(dependencies, c.get('person'), {});
    const deal = await open(c);
    const { places, now } = dependencies;
    return frame.show(
      c,
      { title: nameOf(deal), here: 'work' },
      <DealPage c={c} deal={deal} seen={seen} places={places} now={now()} />,
    );
  });

  for (const act of ['confirm', 'reject', 'retry', 'cancel'] as const) {
    app.get(`/deals/:deal/${act}`, async (c) => {
      const deal = await open(c);
      const title = `${TITLES[act]} ${nameOf(deal)}`;
      if (!deal.acts.includes(act)) {
        return frame.showPanel(
          c,
          { title, status: deal.isTemporalSilent ? 503 : 409 },
          <Impossible deal={deal} act={act} roles={c.get('person').roles} />,
        );
      }
      return frame.showPanel(c, { title }, <Question c={c} deal={deal} act={act} />);
    });

    app.post(`/deals/:deal/${act}`, async (c) => {
      const form = await readForm(c);
      const deal = c.req.param('deal') ?? '';
      let done: Decided;
      try {
        done = await decide(dependencies, c, act, deal, form);
      } catch (error) {
        if (!(error instanceof DealbridgeError)) throw error;
        return frame.showPanel(
          c,
          { title: toUndecidedTitle(error), status: problemOf(error).status as 400 },
          <Refused error={error} path={`/deals/${deal}`} act={act} />,
        );
      }
      if (!isPart(c)) return c.redirect(`/deals/${deal}`, 303);
      c.header('hx-trigger', 'deal-changed');
      return frame.showPanel(c, { title: done.text }, <Done {...done} />);
    });
  }

  app.post('/deals/:deal/note', async (c) => {
    const deal = c.req.param('deal');
    const { text = '' } = await readForm(c);
    await noteDeal(dependencies, c.get('person'), { deal, text });
    return c.redirect(`/deals/${deal}`, 303);
  });

  app.post('/deals/:deal/assign', async (c) => {
    const deal = c.req.param('deal');
    const { to = '' } = await readForm(c);
    await assignDeal(dependencies, c.get('person'), { deal, to });
    return c.redirect(`/deals/${deal}`, 303);
  });
  return app;
}

const TITLES: Readonly<Record<Asked, string>> = {
  confirm: 'Confirm',
  reject: 'Reject',
  retry: 'Retry',
  cancel: 'Cancel',
};

async function decide(
  dependencies: DeskDependencies,
  c: Context<DeskEnv>,
  act: Asked,
  deal: string,
  { figures = '', note = '', reason = '' }: Fields,
): Promise<Decided> {
  const person = c.get('person');
  switch (act) {
    case 'confirm': {
      const said = note.trim();
      const input = { deal, figures: parseFiguresVersion(figures), ...(said !== '' && { note: said }) };
      // Before it is sent: whatever fails afterwards would say that nothing was decided.
      const { record } = await showDeal(dependencies, person, { deal });
      const { approval } = await confirmDeal(dependencies, person, input);
      const missing = approval ? countMissingAfter(approval) : 0;
      return missing === 0
        ? { text: CONFIRM_WORDS[record.documentKind].done }
        : { text: toPartWords(approval?.needed ?? 0, missing), missing };
    }
    case 'reject':
      await rejectDeal(dependencies, person, { deal, reason, figures: parseFiguresVersion(figures) });
      return { text: DONE.reject };
    case 'retry':
      await retryDeal(dependencies, person, { deal });
      return { text: DONE.retry };
    case 'cancel':
      await cancelDeal(dependencies, person, { deal, reason });
      return { text: DONE.cancel };
  }
}

interface Decided {
  readonly text: string;
  /** Confirmations of others that are needed before it is posted. */
  readonly missing?: number;
}

/** `One of two confirmations: 1 missing before it is posted.` */
function toPartWords(needed: number, missing: number): string {
  return `${needed - missing} of ${needed} confirmations, yours among them: ${missing} missing before it is posted.`;
}

interface QuestionProps {
  readonly c: Context<DeskEnv>;
  readonly deal: OpenDeal;
  readonly act: Asked;
}

function Question({ c, deal, act }: QuestionProps) {
  const path = `/deals/${deal.recordId}/${act}`;
  return (
    <>
      <h2 id="panel-title">
        {TITLES[act]} {nameOf(deal)}
      </h2>
      <Summary c={c} deal={deal} />
      <Form c={c} action={path} hx-post={path} hx-target="#panel">
        {deal.figures && <input type="hidden" name="figures" value={deal.figures.version} />}
        <Asking deal={deal} act={act} />
      </Form>
    </>
  );
}

function Summary({ c, deal }: Pick<QuestionProps, 'c' | 'deal'>) {
  const format = formatOf(c);
  return (
    <dl class="facts wide">
      <div>
        <dt>Customer</dt>
        <dd>{deal.customer ?? '–'}</dd>
      </div>
      {deal.figures && (
        <>
          <div>
            <dt>Draft</dt>
            <dd>{deal.figures.documentNumber}</dd>
          </div>
          <div>
            <dt>In all, including tax</dt>
            <dd class="large">{format.money(deal.figures.totalIncludingTax, deal.figures.currency)}</dd>
          </div>
        </>
      )}
    </dl>
  );
}

function Asking({ deal, act }: Pick<QuestionProps, 'deal' | 'act'>) {
  switch (act) {
    case 'confirm':
      return (
        <>
          <Differences deal={deal} />
          <ClosedPeriodWarning period={deal.closedPeriod} />
          <p>{CONFIRM_WORDS[deal.record.documentKind].promise}</p>
          <label class="optional">
            <span>Note for the audit trail (optional)</span>
            <input name="note" maxlength={2000} />
          </label>
          <Buttons label={CONFIRM_WORDS[deal.record.documentKind].button} isFirst={true} />
        </>
      );
    case 'reject':
      return (
        <>
          <p>The draft is deleted in Business Central, and nothing is posted. The reason stays in the audit trail.</p>
          <Reason />
          <Buttons label="Reject and delete the draft" isFirst={false} />
        </>
      );
    case 'cancel':
      return (
        <>
          <p>The deal ends here. An unposted draft is deleted. The reason stays in the audit trail.</p>
          <Reason />
          <Buttons label="Cancel the deal" isFirst={false} />
        </>
      );
    case 'retry':
      return (
        <>
          <ul class="holds">
            {(deal.status?.problems ?? []).map(({ reason, text, nextStep }) => (
              <li>
                <strong>{toReasonWords(reason)}</strong>
                <span class="found">{text}</span>
                <span class="next">
                  <NextStep text={nextStep} />
                </span>
              </li>
            ))}
          </ul>
          <p>Is this repaired? Then the deal goes on where it stood. If not, it is held again, and nothing is lost.</p>
          <Buttons label="Go on" isFirst={true} />
        </>
      );
  }
}

function Differences({ deal }: { readonly deal: OpenDeal }) {
  const lines = deal.comparison?.lines.filter(({ differences }) => differences.length > 0).length ?? 0;
  if (deal.status?.difference === undefined && lines === 0) return null;
  return (
    <p class="warning">
      {deal.status?.difference === undefined
        ? `${lines === 1 ? 'One line of the draft is' : `${lines} lines of the draft are`} not as sold. The page of the deal marks what differs.`
        : `Draft and deal do not agree: ${deal.status.difference}.`}
    </p>
  );
}

function Reason() {
  return (
    <label>
      <span>Reason</span>
      <textarea name="reason" rows={2} required maxlength={2000} autofocus />
    </label>
  );
}

function Buttons({ label, isFirst }: { readonly label: string; readonly isFirst: boolean }) {
  return (
    <p class="actions">
      <button class="primary" type="submit" {...(isFirst && { autofocus: true })}>
        {label}
      </button>
      <a class="button quiet" href="/" data-close>
        Not now
      </a>
    </p>
  );
}

function Done({ text, missing }: Decided) {
  return (
    <>
      <h2 id="panel-title" role="status" {...(missing !== undefined && { 'data-missing': String(missing) })}>
        {text}
      </h2>
      <p class="actions">
        <a class="button primary" href="/" data-close autofocus>
          Close
        </a>
      </p>
    </>
  );
}

interface ImpossibleProps extends Pick<QuestionProps, 'deal' | 'act'> {
  readonly roles: readonly Role[];
}

function Impossible({ deal, act, roles }: ImpossibleProps) {
  const { label, meaning } = toStateWords(deal.status?.state ?? deal.state, deal.status?.decided);
  const isMine = isAllowed(`${act} a deal`, roles);
  return (
    <>
      <h2 id="panel-title">
        {TITLES[act]} {nameOf(deal)}: {isMine ? 'not possible now' : 'your role does not allow this'}
      </h2>
      {!isMine && <p>It takes one of the roles {rolesFor(`${act} a deal`).join(', ')}.</p>}
      <p>
        The deal stands at «{label}». {meaning}
      </p>
      {isMine && deal.isTemporalSilent && <TemporalSilentWarning />}
      <p class="actions">
        <a class="button" href={`/deals/${deal.recordId}`}>
          Open the deal
        </a>
        <a class="button quiet" href="/" data-close>
          Close
        </a>
      </p>
    </>
  );
}

function Refused({ error, path, act }: { readonly error: Error; readonly path: string; readonly act: Asked }) {
  return (
    <>
      <h2 id="panel-title" role="alert">
        {toUndecidedTitle(error)}
      </h2>
      <p class="warning">{toAdvice(error)}</p>
      <p class="actions">
        {error instanceof ChangedSinceError && (
          <a class="button primary" href={`${path}/${act}`} hx-get={`${path}/${act}`} hx-target="#panel">
            See the new figures
          </a>
        )}
        <a class="button" href={path}>
          Open the deal
        </a>
        <a class="button quiet" href="/" data-close>
          Close
        </a>
      </p>
    </>
  );
}

/** What nobody has taken so far may still count: it is not said to have failed. */
const NOT_TAKEN_YET = 'Nobody has taken it yet';

function toUndecidedTitle(error: Error): string {
  return error instanceof NotTakenYetError ? NOT_TAKEN_YET : 'Nothing was decided';
}

function toAdvice(error: Error): Child {
  if (error instanceof ChangedSinceError) return `The figures changed since you saw them: ${error.message}.`;
  return error.message;
}

function toUnknownTitle({ field }: UnknownError): string {
  return field === 'deal' ? 'There is no such deal' : 'Nothing is known of it';
}

export function toRefusalTitle(error: DealbridgeError): string {
  if (error instanceof UnknownError) return toUnknownTitle(error);
  if (error instanceof NotAllowedError) return 'Your role does not allow this';
  if (error instanceof NotTakenYetError) return NOT_TAKEN_YET;
  return error.code in REMOTE_ERRORS ? 'The other system gave no answer that helps' : 'Nothing was changed';
}

/** A refusal outside of a form, as a page. */
export function RefusalPage({ error }: { readonly error: DealbridgeError }) {
  return (
    <Message title={toRefusalTitle(error)}>
      <p>{error.message}</p>
      <p>
        <a class="button" href="/">
          Go to the work list
        </a>
      </p>
    </Message>
  );
}
