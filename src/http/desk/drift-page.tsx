import { type Context, Hono } from 'hono';
import type { Logger } from 'pino';
import { plural } from '../../deal/plural.js';
import { isAllowed } from '../../identity/permissions.js';
import { compareDrift, type Drift, repairDrift, showDrift } from '../../operations/masters/drift.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { toNameWords } from './field-words.js';
import { Time } from './format.js';
import { Form, type Frame, formatOf } from './frame.js';
import { MasterTabs } from './master-tabs.js';
import { toRecordAddress } from './places.js';
import { waitAtMost } from './wait-at-most.js';

/** Where Sales and Business Central say something else of the same customer or item, and who is right. */

/** What needs a person first; of more only the number is told. */
const SHOWN = 300;

export function createDriftRoutes(dependencies: DeskDependencies, frame: Frame, log: Logger): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  const recording = { ...dependencies, audit: dependencies.ledger.audit };
  app.get('/masters/drift', async (c) => {
    const drifts = await showDrift(dependencies, c.get('person'), {});
    const page = { title: 'Drift', here: 'masters' } as const;
    return frame.show(c, page, <DriftPage c={c} drifts={drifts} dependencies={dependencies} />);
  });
  app.post('/masters/drift/compare', async (c) => {
    const done = await waitAtMost(compareDrift(dependencies, c.get('person'), {}), log);
    return c.redirect(`/masters/drift?said=${done === 'running' ? 'running' : 'compared'}`, 303);
  });
  app.post('/masters/drift/repair', async (c) => {
    const done = await waitAtMost(repairDrift(recording, c.get('person'), {}), log);
    return c.redirect(`/masters/drift?said=${done === 'running' ? 'running' : 'repaired'}`, 303);
  });
  return app;
}

const SAID: Readonly<Record<string, string>> = {
  compared: 'Both sides were compared. This is what differs now.',
  repaired: 'What a rule decides is being repaired. Compare again in a while to see what is left.',
  running: 'It goes on. What it finds is here when you load this page again.',
};

type Difference = Drift['differences'][number];
const WINNER_WORDS: Readonly<
  Record<Difference['winner'], { readonly text: string; readonly tone: string; readonly rank: number }>
> = {
  person: { text: 'a person has to say', tone: 'ask', rank: 0 },
  sales: { text: 'Sales is right', tone: 'busy', rank: 1 },
  'business-central': { text: 'Business Central is right', tone: 'busy', rank: 2 },
};

interface Props {
  readonly c: Context<DeskEnv>;
  readonly drifts: readonly Drift[];
  readonly dependencies: DeskDependencies;
}

function DriftPage({ c, drifts, dependencies }: Props) {
  const said = SAID[c.req.query('said') ?? ''];
  return (
    <>
      <h1>Master data</h1>
      <MasterTabs here="drift" />
      {said !== undefined && (
        <p class="good" role="status">
          {said}
        </p>
      )}
      {drifts.length > 0 ? (
        <Found c={c} drifts={drifts} dependencies={dependencies} />
      ) : (
        <section class="message">
          <h2>Nothing was compared yet</h2>
          <p>
            A comparison reads all linked customers, contacts and items of both sides and says, field by field, what
            differs and who is right. It changes nothing.
          </p>
          <Compare c={c} label="Compare now" />
        </section>
      )}
    </>
  );
}

function Compare({ c, label }: Pick<Props, 'c'> & { readonly label: string }) {
  return (
    <Form c={c} action="/masters/drift/compare">
      <button type="submit" data-busy="Comparing…">
        {label}
      </button>
    </Form>
  );
}

function Found({ c, drifts, dependencies }: Props) {
  const repairable = drifts.reduce((sum, drift) => sum + countRepairable(drift), 0);
  const forPeople = drifts.reduce((sum, { found }) => sum + (found.person ?? 0), 0);
  return (
    <>
      <div class="actions">
        {repairable > 0 && isAllowed('repair drift', c.get('person').roles) && (
          <Form c={c} action="/masters/drift/repair">
            <button type="submit" class="primary" data-busy="Repairing…">
              Repair what a rule decides
            </button>
          </Form>
        )}
        <Compare c={c} label="Compare again" />
      </div>
      {forPeople > 0 && (
        <p>
          Where a person has to say: make both sides equal in Sales or in Business Central. That is noticed by itself.
        </p>
      )}
      {drifts.map((drift, index) => (
        <OfCompany
          c={c}
          drift={drift}
          dependencies={dependencies}
          name={drift.company ?? (drifts.length === 1 ? 'The company' : `Company ${index + 1}, never named`)}
        />
      ))}
    </>
  );
}

function countRepairable({ found }: Drift): number {
  return (found.sales ?? 0) + (found['business-central'] ?? 0);
}

function OfCompany(props: {
  readonly c: Context<DeskEnv>;
  readonly drift: Drift;
  readonly dependencies: DeskDependencies;
  readonly name: string;
}) {
  const { c, drift, dependencies, name } = props;
  const { differences, startedAt, compared, found } = drift;
  const [repairable, forPeople] = [countRepairable(drift), found.person ?? 0];
  const ranked = [...differences].sort((a, b) => WINNER_WORDS[a.winner].rank - WINNER_WORDS[b.winner].rank);
  return (
    <section aria-label={name}>
      <h2>{name}</h2>
      <p>
        Compared{' '}
        {Object.entries(compared)
          .map(([kind, count]) => plural(count, kind))
          .join(', ') || 'nothing, since no row is linked yet'}
        , begun <Time at={startedAt} format={formatOf(c)} />.{' '}
        {repairable + forPeople === 0
          ? 'Both sides say the same.'
          : `${repairable} to repair by rule, ${forPeople} for a person.`}
      </p>
      {ranked.length > SHOWN && (
        <p class="warning">
          {SHOWN} of {repairable + forPeople} differences are shown, those for a person first.
        </p>
      )}
      {ranked.length > 0 && <Differences differences={ranked.slice(0, SHOWN)} dependencies={dependencies} />}
    </section>
  );
}

function Differences({
  differences,
  dependencies: { places },
}: Pick<Props, 'dependencies'> & { readonly differences: readonly Difference[] }) {
  return (
    <ul class="cards">
      {differences.map(({ kind, rowId, field, dataverse, businessCentral, winner, reason }) => (
        <li>
          <h3>
            {toNameWords(field)} <span class={`badge ${WINNER_WORDS[winner].tone}`}>{WINNER_WORDS[winner].text}</span>
          </h3>
          <dl class="facts">
            <div>
              <dt>Sales</dt>
              <dd>{dataverse === '' ? 'empty' : dataverse}</dd>
            </div>
            <div>
              <dt>Business Central</dt>
              <dd>{businessCentral === '' ? 'empty' : businessCentral}</dd>
            </div>
          </dl>
          <p class="sub">
            {reason}.{' '}
            <a href={toRecordAddress(places.dataverse, { table: kind, recordId: rowId })}>Open the {kind} in Sales</a>
          </p>
        </li>
      ))}
    </ul>
  );
}
