import { type Context, Hono } from 'hono';
import { UserError } from '../../deal/errors.js';
import { titleBeside } from '../../deal/record-title.js';
import { isAllowed } from '../../identity/permissions.js';
import type { ListedDeal, ListedHold } from '../../ledger/deals/list-deals.js';
import type { SavedView } from '../../ledger/desk/views.js';
import { forgetView, listViews, saveView } from '../../operations/deals/views.js';
import {
  exportWork,
  findLatestWork,
  listWork,
  type WorkList,
  type WorkListInput,
} from '../../operations/deals/work-list.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { toCsv } from './csv.js';
import { FILTERS, Filters, pick, type Query, readQuery, Tabs, toAddress } from './filters.js';
import type { Format } from './format.js';
import { Time } from './format.js';
import { type Frame, formatOf, readForm } from './frame.js';
import { Live, Message } from './layout.js';
import { NextStep } from './next-step.js';
import { Views } from './views.js';
import { OWNER_WORDS, STATE_WORDS, TABLE_WORDS, toCompanyName, toReasonWords, VIEW_WORDS } from './words.js';

/** The page that a working day begins with. */

type ExportInput = Parameters<typeof exportWork>[2];

export function createWorkListRoutes(dependencies: DeskDependencies, frame: Frame): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();

  app.get('/', async (c) => {
    const query = readQuery(c);
    try {
      const seen = await findLatestWork(dependencies, c.get('person'), {});
      const list = await listWork(dependencies, c.get('person'), query as WorkListInput);
      const views = await listViews(dependencies, c.get('person'), {});
      const title = VIEW_WORDS[list.view].label;
      return await frame.show(
        c,
        { title, here: 'work' },
        <WorkListPage c={c} list={list} seen={seen} views={views} query={query} now={dependencies.now()} />,
      );
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return frame.show(
        c,
        { title: 'This address does not fit', here: 'work', status: 400 },
        <Message title="This address does not fit">
          <p>{error.message}</p>
          <p>
            <a class="button" href="/">
              Go to the work list
            </a>
          </p>
        </Message>,
      );
    }
  });

  app.post('/views', async (c) => {
    const { name = '', query = '' } = await readForm(c);
    await saveView(dependencies, c.get('person'), { name, query });
    return c.redirect(`/?${new URLSearchParams(query)}`, 303);
  });

  app.post('/views/forget', async (c) => {
    const { name = '' } = await readForm(c);
    await forgetView(dependencies, c.get('person'), { name });
    return c.redirect('/', 303);
  });

  app.get('/deals.csv', async (c) => {
    const { cursor: _1, limit: _2, ...query } = readQuery(c);
    const deals = await exportWork(dependencies, c.get('person'), query as ExportInput);
    c.header('content-type', 'text/csv; charset=utf-8');
    c.header('content-disposition', 'attachment; filename="deals.csv"');
    return c.body(toCsv(deals));
  });
  return app;
}

interface PageProps {
  readonly views: readonly SavedView[];
  readonly c: Context<DeskEnv>;
  readonly list: WorkList;
  readonly seen: string;
  readonly query: Query;
  readonly now: Date;
}

function WorkListPage({ c, list, seen, views, query, now }: PageProps) {
  const format = formatOf(c);
  return (
    <Live path={`${new URL(c.req.url).pathname}${new URL(c.req.url).search}`} seen={seen}>
      <h1 class="visually-hidden">{VIEW_WORDS[list.view].label}</h1>
      <Tabs list={list} query={query} />
      <Filters list={list} query={query} />
      <Views c={c} views={views} query={query} />
      {list.deals.length === 0 ? (
        <Empty list={list} query={query} roles={c.get('person').roles} />
      ) : (
        <>
          <Sums list={list} query={query} format={format} />
          <Table c={c} list={list} format={format} now={now} />
          <Pages list={list} query={query} />
        </>
      )}
      <Keys roles={c.get('person').roles} />
    </Live>
  );
}

function Empty({
  list,
  query,
  roles,
}: { readonly list: WorkList; readonly query: Query } & Pick<PersonRoles, 'roles'>) {
  const isNarrowed = query['search'] !== undefined || FILTERS.some((name) => query[name] !== undefined);
  if (isNarrowed) {
    return (
      <Message title="No deal fits">
        <p>
          <a class="button" href={toAddress({}, { view: list.view === 'waiting' ? undefined : list.view })}>
            Clear search and filters
          </a>{' '}
          <a class="button" href={toAddress(pick(query, 'search'), { view: 'all' })}>
            Look among all deals
          </a>
        </p>
      </Message>
    );
  }
  const decides = isAllowed('confirm a deal', roles) || isAllowed('retry a deal', roles);
  if (list.view === 'waiting' && !decides) {
    return (
      <Message title="You look, others decide">
        <p>With the role Viewer nothing waits for you. The other lists show everything that goes on.</p>
        <p>
          <a class="button" href="/?view=all">
            See all deals
          </a>
        </p>
      </Message>
    );
  }
  return (
    <Message title="All quiet">
      <p>{VIEW_WORDS[list.view].empty}</p>
    </Message>
  );
}

/** Those of acts alone that the person has. */
function Keys({ roles }: Pick<PersonRoles, 'roles'>) {
  return (
    <p class="keys">
      Keys: <kbd>j</kbd> <kbd>k</kbd> next and previous deal, <kbd>Enter</kbd> open,{' '}
      {isAllowed('confirm a deal', roles) && (
        <>
          <kbd>c</kbd> confirm, <kbd>x</kbd> select,{' '}
        </>
      )}
      {isAllowed('retry a deal', roles) && (
        <>
          <kbd>r</kbd> retry,{' '}
        </>
      )}
      <kbd>/</kbd> search
    </p>
  );
}

type PersonRoles = DeskEnv['Variables']['person'];

function Sums({ list, query, format }: { readonly list: WorkList; readonly query: Query; readonly format: Format }) {
  const deals = list.sums.reduce((sum, one) => sum + one.deals, 0);
  const amounts = list.sums.filter(({ currency }) => currency !== undefined);
  return (
    <div class="sums">
      <p>
        <strong>{deals === 1 ? '1 deal' : `${deals} deals`}</strong>
        {amounts.map(({ currency, gross }) => (
          <>
            {' '}
            <span class="sum">{format.money(gross, currency)}</span>
          </>
        ))}
        {amounts.length > 0 && <span class="light"> gross, and net where no tax is stated</span>}
      </p>
      <a href={toAddress(query, {}, '/deals.csv')}>Save as CSV</a>
    </div>
  );
}

interface TableProps {
  readonly c: Context<DeskEnv>;
  readonly list: WorkList;
  readonly format: Format;
  readonly now: Date;
}

function Table({ c, list, format, now }: TableProps) {
  const { roles } = c.get('person');
  const may = { confirm: isAllowed('confirm a deal', roles), retry: isAllowed('retry a deal', roles) };
  const picks = may.confirm && list.deals.some(({ state }) => state === 'awaiting-confirmation');
  return (
    <form method="get" action="/posting" class="list">
      <table class="work">
        <thead>
          <tr>
            {picks && (
              <th class="pick">
                <input type="checkbox" data-all aria-label="Select all on this page" />
              </th>
            )}
            <th>Deal</th>
            <th>Customer</th>
            <th class="amount">Gross</th>
            <th>Since</th>
            <th>Why, and what next</th>
            <th class="acts">
              <span class="visually-hidden">Act</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.deals.map((deal) => (
            <Row deal={deal} picks={picks} may={may} format={format} now={now} />
          ))}
        </tbody>
      </table>
      {picks && (
        <div class="selected" data-selected hidden>
          <span role="status" data-count />
          <button class="primary" type="submit">
            Confirm selected…
          </button>
        </div>
      )}
    </form>
  );
}

interface RowProps {
  readonly deal: ListedDeal;
  readonly picks: boolean;
  readonly may: { readonly confirm: boolean; readonly retry: boolean };
  readonly format: Format;
  readonly now: Date;
}

function Row({ deal, picks, may, format, now }: RowProps) {
  const name = nameOf(deal);
  const path = `/deals/${deal.recordId}`;
  const isConfirmable = deal.state === 'awaiting-confirmation';
  return (
    <tr>
      {picks && (
        <td class="pick">
          {isConfirmable && (
            <input
              type="checkbox"
              name="deal"
              value={deal.recordId}
              aria-label={`Select ${name}`}
              data-amount={deal.amount}
              data-currency={deal.currency}
            />
          )}
        </td>
      )}
      <td class="deal">
        <a href={path} class="open">
          {name}
        </a>
        <span class="sub">{titleBeside(deal)}</span>
      </td>
      <td>
        {deal.customer ?? '–'}
        <span class="sub">
          {[toCompanyName(deal.company), deal.seller && `sold by ${deal.seller}`].filter(Boolean).join(' · ')}
        </span>
      </td>
      <td class="amount">
        {format.money(deal.amount, deal.currency)}
        {!deal.isTaxStated && deal.amount !== undefined && <span class="sub">net, tax not stated</span>}
      </td>
      <td class="since">
        {format.age(deal.since, now)}
        <span class="sub">
          <Time at={deal.since} format={format} />
        </span>
      </td>
      <td class="why">
        <Why deal={deal} />
      </td>
      <td class="acts">
        {isConfirmable && may.confirm && (
          <a class="button primary" data-key="c" href={`${path}/confirm`} hx-get={`${path}/confirm`} hx-target="#panel">
            Confirm<span class="visually-hidden"> {name}</span>
          </a>
        )}
        {deal.state === 'held' && may.retry && (
          <a class="button" data-key="r" href={`${path}/retry`} hx-get={`${path}/retry`} hx-target="#panel">
            Retry<span class="visually-hidden"> {name}</span>
          </a>
        )}
      </td>
    </tr>
  );
}

function ownersOf(hold: ListedHold): string {
  return [...new Set([hold, ...hold.others].map(({ owner }) => OWNER_WORDS[owner]))].join(', ');
}

function Why({ deal }: { readonly deal: ListedDeal }) {
  const { label, meaning, tone } = STATE_WORDS[deal.state];
  const { hold, assignee } = deal;
  return (
    <>
      <span class={`badge ${tone}`}>{hold ? toReasonWords(hold.reason) : label}</span>
      {hold && <span class="owner"> {ownersOf(hold)}</span>}
      {assignee !== undefined && <span class="owner"> · given to {assignee}</span>}
      <span class="sub">
        {hold ? (
          <NextStep text={[hold, ...hold.others].map(({ nextStep }) => nextStep).join(' ')} />
        ) : deal.state === 'awaiting-confirmation' ? (
          `Draft ${deal.documentNumber ?? ''} is ready`
        ) : (
          meaning
        )}
      </span>
    </>
  );
}

/** What people call it; a record that was never read has no number yet. */
export function nameOf({ number, table, recordId }: Pick<ListedDeal, 'number' | 'table' | 'recordId'>): string {
  return number ?? `${TABLE_WORDS[table]} ${recordId.slice(0, 8)}`;
}

function Pages({ list, query }: { readonly list: WorkList; readonly query: Query }) {
  const isFirst = query['cursor'] === undefined;
  if (isFirst && list.next === undefined) return null;
  return (
    <nav class="pages" aria-label="Pages of the list">
      {!isFirst && (
        <a class="button" href={toAddress(query, {})}>
          First page
        </a>
      )}
      {list.next !== undefined && (
        <a class="button" href={toAddress(query, { cursor: list.next })} rel="next">
          Next page
        </a>
      )}
    </nav>
  );
}
