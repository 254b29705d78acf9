import { type Context, Hono } from 'hono';
import { titleBeside } from '../../deal/record-title.js';
import { openPosting, type Posting, type PostingRow } from '../../operations/deals/posting.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { ClosedPeriodWarning } from './closed-period.js';
import { Form, type Frame, formatOf } from './frame.js';
import { STATE_WORDS } from './words.js';
import { nameOf } from './work-list.js';

/**
 * The posting desk: several deals with their figures and their sum. Each is a decision of its own with a result of its own; the
 * page's script makes them one after the other and can be stopped between two of them.
 */

export function createPostingRoutes(dependencies: DeskDependencies, frame: Frame): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  app.get('/posting', async (c) => {
    const deals = c.req.queries('deal') ?? [];
    const posting = await openPosting(dependencies, c.get('person'), { deals });
    return frame.show(c, { title: 'Confirm several deals', here: 'work' }, <PostingPage c={c} posting={posting} />);
  });
  return app;
}

function PostingPage({ c, posting }: { readonly c: Context<DeskEnv>; readonly posting: Posting }) {
  const format = formatOf(c);
  const count = posting.rows.filter(({ kind }) => kind === 'confirmable').length;
  return (
    <div data-batch>
      <p class="back">
        <a href="/?view=to-confirm">To confirm</a>
      </p>
      <h1>{toTitle(count)}</h1>
      {count > 0 && (
        <p>
          In all{' '}
          {posting.sums.map(({ currency, gross }) => (
            <strong class="sum">{format.money(gross, currency)} </strong>
          ))}
          including tax. Each is posted with exactly the figures below, one after the other. You can stop at any time.
        </p>
      )}
      <div class="actions sticky">
        {count > 0 && (
          <button class="primary" type="button" data-start hidden>
            {count === 1 ? 'Confirm it' : `Confirm all ${count}`}
          </button>
        )}
        <button type="button" data-stop hidden>
          Stop
        </button>
        <progress data-progress max={Math.max(count, 1)} value={0} hidden aria-label="Deals that are done" />
        <span role="status" data-result />
      </div>
      <table class="work posting">
        <thead>
          <tr>
            <th>Deal</th>
            <th>Customer</th>
            <th>Draft</th>
            <th class="amount">Gross</th>
            <th>Result</th>
          </tr>
        </thead>
        <tbody>
          {posting.rows.map((row) => (
            <Row c={c} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function toTitle(count: number): string {
  if (count === 0) return 'None of these deals can be confirmed now';
  return `Confirm ${count === 1 ? 'one deal' : `${count} deals`}`;
}

function Row({ c, row }: { readonly c: Context<DeskEnv>; readonly row: PostingRow }) {
  const format = formatOf(c);
  if (row.kind === 'not-now') {
    return (
      <tr>
        <td class="deal">{row.named}</td>
        <td colspan={4}>
          <span class="badge quiet">left out</span>{' '}
          {row.state === undefined ? row.why : `it stands at «${STATE_WORDS[row.state].label}» by now`}
        </td>
      </tr>
    );
  }
  const { deal, figures, difference, approval, closedPeriod } = row;
  const path = `/deals/${deal.recordId}`;
  return (
    <tr>
      <td class="deal">
        <a href={path}>{nameOf(deal)}</a>
        <span class="sub">{titleBeside(deal)}</span>
        {difference !== undefined && <span class="warning">Draft and deal do not agree: {difference}</span>}
        {approval && (
          <span class="sub">
            {approval.needed} people have to confirm: {approval.needed - approval.by.length} missing
            {approval.by.length > 0 && `, ${approval.by.join(', ')} confirmed already`}
          </span>
        )}
        <ClosedPeriodWarning period={closedPeriod} />
      </td>
      <td>{deal.customer ?? '–'}</td>
      <td>{figures.documentNumber}</td>
      <td class="amount">{format.money(figures.totalIncludingTax, figures.currency)}</td>
      <td class="result">
        <Form c={c} action={`${path}/confirm`} data-one>
          <input type="hidden" name="figures" value={figures.version} />
          <button type="submit">
            Confirm<span class="visually-hidden"> {nameOf(deal)}</span>
          </button>
        </Form>
      </td>
    </tr>
  );
}
