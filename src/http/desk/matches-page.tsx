import { type Context, Hono } from 'hono';
import type { PropsWithChildren } from 'hono/jsx';
import type { Logger } from 'pino';
import { isAllowed } from '../../identity/permissions.js';
import { decideMatches, listCandidates, type MatchDecided, matchAccounts } from '../../operations/masters/matches.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { Form, type Frame, readForm } from './frame.js';
import { MasterTabs } from './master-tabs.js';
import { toRecordAddress } from './places.js';
import { waitAtMost } from './wait-at-most.js';

/** Accounts that may be a customer that is there already: a person says of each which one it is, or that it is new. */

/** A page of more is read by nobody; who has decided sees the next ones. */
const SHOWN = 100;

export function createMatchRoutes(dependencies: DeskDependencies, frame: Frame, log: Logger): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  const recording = { ...dependencies, audit: dependencies.ledger.audit };
  const page = { title: 'Matches', here: 'masters' } as const;
  app.get('/masters/matches', async (c) => {
    const accounts = byAccount(await listCandidates(dependencies, c.get('person'), {}));
    return frame.show(c, page, <Matches c={c} accounts={accounts} dependencies={dependencies} />);
  });
  app.post('/masters/matches/search', async (c) => {
    const found = await waitAtMost(matchAccounts(recording, c.get('person'), {}), log);
    return c.redirect(`/masters/matches?said=${found === 'running' ? 'searching' : 'searched'}`, 303);
  });
  app.post('/masters/matches/:account', async (c) => {
    const { customer = '', shared, instead } = await readForm(c);
    const account = c.req.param('account');
    const decisions = [{ account, customer, shared: shared === 'yes', ...(instead && { instead }) }];
    const [decided] = await decideMatches(recording, c.get('person'), { decisions });
    const refused = { c, account, said: { customer, ...(shared && { shared }), ...(instead && { instead }) } };
    if (decided?.outcome === 'customer-taken') {
      return frame.show(c, { ...page, status: 409 }, <Taken {...refused} />);
    }
    if (decided && 'decided' in decided) {
      return frame.show(c, { ...page, status: 409 }, <DecidedBefore {...refused} decided={decided.decided} />);
    }
    return c.redirect(`/masters/matches?said=${decided?.outcome ?? ''}`, 303);
  });
  return app;
}

const SAID: Readonly<Record<string, { readonly text: string; readonly tone: 'good' | 'warning' }>> = {
  linked: {
    text: 'Linked. The account is brought into agreement with its customer, and deals that waited for it go on.',
    tone: 'good',
  },
  new: {
    text: 'It is a customer of its own, which the next deal creates in Business Central. Deals that waited go on.',
    tone: 'good',
  },
  'no-such-customer': {
    text: 'Business Central has no customer of this number any more, so nothing was linked. Search again.',
    tone: 'warning',
  },
  searched: {
    text: 'All accounts without a customer were looked at. What was certain is linked already.',
    tone: 'good',
  },
  searching: { text: 'The search goes on. What it finds is here when you load this page again.', tone: 'good' },
};

type Candidate = Awaited<ReturnType<typeof listCandidates>>[number];
type Candidates = readonly [Candidate, ...Candidate[]];

function byAccount(candidates: readonly Candidate[]): readonly Candidates[] {
  const accounts = new Map<string, [Candidate, ...Candidate[]]>();
  for (const one of candidates) {
    const known = accounts.get(one.accountId);
    if (known) known.push(one);
    else accounts.set(one.accountId, [one]);
  }
  return [...accounts.values()];
}

interface Props {
  readonly c: Context<DeskEnv>;
  readonly accounts: readonly Candidates[];
  readonly dependencies: DeskDependencies;
}

function Matches({ c, accounts, dependencies }: Props) {
  const said = SAID[c.req.query('said') ?? ''];
  const search = isAllowed('match accounts', c.get('person').roles) && (
    <Form c={c} action="/masters/matches/search">
      <button type="submit" data-busy="Searching…">
        Search again
      </button>
    </Form>
  );
  return (
    <>
      <h1>Master data</h1>
      <MasterTabs here="matches" />
      {said && (
        <p class={said.tone} role="status">
          {said.text}
        </p>
      )}
      {accounts.length === 0 ? (
        <section class="message">
          <h2>No account waits for a decision</h2>
          <p>
            A search looks for the customer of each account that has none. What is certain is linked by itself; what is
            only likely comes here, so that no customer is created twice.
          </p>
          {search || (
            <p>Operators and administrators may search. Ask one of them after many accounts came into Sales.</p>
          )}
        </section>
      ) : (
        <>
          <p>
            {accounts.length === 1 ? '1 account' : `${accounts.length} accounts`} may be a customer that is there
            already. Say which one it is, or that it is none of these.
          </p>
          {search}
          {accounts.length > SHOWN && (
            <p class="light">The {SHOWN} likeliest are shown; the next ones come as you decide.</p>
          )}
          <ul class="cards">
            {accounts.slice(0, SHOWN).map((candidates) => (
              <Account c={c} candidates={candidates} dependencies={dependencies} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Account({
  c,
  candidates,
  dependencies: { places },
}: Omit<Props, 'accounts'> & { readonly candidates: Candidates }) {
  const [{ accountId, accountName, accountNumber }] = candidates;
  const mayDecide = isAllowed('decide matches', c.get('person').roles);
  const address = `/masters/matches/${accountId}`;
  return (
    <li>
      <h2>
        <a href={toRecordAddress(places.dataverse, { table: 'account', recordId: accountId })}>{accountName}</a>
        {accountNumber !== undefined && <span class="light"> {accountNumber}</span>}
      </h2>
      <p class="sub">in Sales. Is it one of these customers of Business Central?</p>
      <ul class="pairs">
        {candidates.map(({ customerNumber, customerName, reasons }) => (
          <li>
            <span>
              <strong>{customerName}</strong> <span class="light">{customerNumber}</span>
              <span class="sub">{reasons.join(', ')}</span>
            </span>
            {mayDecide && (
              <Form c={c} action={address}>
                <input type="hidden" name="customer" value={customerNumber} />
                <button type="submit" aria-label={`The same: ${accountName} and ${customerName}, ${customerNumber}`}>
                  The same
                </button>
              </Form>
            )}
          </li>
        ))}
      </ul>
      {mayDecide && (
        <Form c={c} action={address}>
          <input type="hidden" name="customer" value="new" />
          <button type="submit" class="quiet" aria-label={`None of these, a new customer: ${accountName}`}>
            None of these, a new customer
          </button>
        </Form>
      )}
      {!mayDecide && <p class="light">Approvers and administrators decide.</p>}
    </li>
  );
}

const named = (customer: string): string => (customer === 'new' ? 'a new customer' : `customer ${customer}`);

interface RefusedProps extends Pick<Props, 'c'> {
  readonly account: string;
  /** What the form said. */
  readonly said: { readonly customer: string; readonly shared?: string; readonly instead?: string };
}

function DecidedBefore({ decided, said, ...of }: RefusedProps & { readonly decided: MatchDecided }) {
  return (
    <section class="message">
      <h1>{decided.by} has decided about this account</h1>
      <p>
        It is {named(decided.customer)}, {decided.by} says. Nothing was changed.
      </p>
      {said.customer !== 'new' && <p>If that is wrong, you can decide otherwise now.</p>}
      <Again {...of} said={{ ...said, instead: decided.customer }} leave="Leave it">
        {said.customer !== 'new' && (
          <button type="submit" class="quiet">
            Make it {named(said.customer)} instead
          </button>
        )}
      </Again>
    </section>
  );
}

function Taken({ said, ...of }: RefusedProps) {
  return (
    <section class="message">
      <h1>Another account has customer {said.customer}</h1>
      <p>
        Nothing was linked. When both accounts are the same company for your books, they can share the customer: the
        account that has it keeps it, and alone changes it.
      </p>
      <Again {...of} said={said} leave="Not now">
        <button type="submit" name="shared" value="yes" class="primary">
          Share the customer
        </button>
      </Again>
    </section>
  );
}

/** The same decision once more, with what was not known before. */
function Again({ c, account, said, leave, children }: PropsWithChildren<RefusedProps & { readonly leave: string }>) {
  return (
    <Form c={c} action={`/masters/matches/${account}`} class="actions">
      {Object.entries(said).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      {children}
      <a class="button quiet" href="/masters/matches">
        {leave}
      </a>
    </Form>
  );
}
