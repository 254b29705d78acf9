import { type Context, Hono } from 'hono';
import { titleBeside } from '../../deal/record-title.js';
import { isAllowed } from '../../identity/permissions.js';
import type { ListedDeal } from '../../ledger/deals/list-deals.js';
import { foreseeReplay, type OutlookLine, type ReplayedDeal, replayDeal } from '../../operations/deals/replay-deals.js';
import { showDeal } from '../../operations/deals/show-deal.js';
import { listMappings } from '../../operations/settings/mappings.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { Changes } from './changes.js';
import { Form, type Frame, formatOf, readForm } from './frame.js';
import { STATE_WORDS, toReasonWords } from './words.js';
import { nameOf } from './work-list.js';

/** Runs a deal again: first it is shown what would be adopted, made and different; the button does it. */

export function createReplayRoutes(dependencies: DeskDependencies, frame: Frame): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  app.get('/deals/:deal/replay', async (c) => {
    const person = c.get('person');
    const deal = await showDeal(dependencies, person, { deal: c.req.param('deal') });
    const choice = { isAsRecorded: c.req.query('recorded') === 'yes', mapping: c.req.query('mapping') ?? 'now' };
    const [foreseen, mappings] = await Promise.all([
      foreseeReplay(dependencies, person, { deal: deal.recordId, ...choice }),
      listMappings(dependencies, person, {}),
    ]);
    const page = { title: `Run ${nameOf(deal)} again`, here: 'work' } as const;
    return frame.show(
      c,
      page,
      <ReplayPage c={c} deal={deal} foreseen={foreseen} choice={choice} mappings={mappings} />,
    );
  });
  app.post('/deals/:deal/replay', async (c) => {
    const { recorded, mapping = 'now' } = await readForm(c);
    const input = { deal: c.req.param('deal'), isAsRecorded: recorded === 'yes', mapping };
    const { record } = await replayDeal(dependencies, c.get('person'), input);
    return c.redirect(`/deals/${record.recordId}?said=replayed`, 303);
  });
  return app;
}

interface Choice {
  readonly isAsRecorded: boolean;
  readonly mapping: string;
}

interface Props {
  readonly c: Context<DeskEnv>;
  readonly deal: ListedDeal;
  readonly foreseen: ReplayedDeal;
  readonly choice: Choice;
  readonly mappings: Awaited<ReturnType<typeof listMappings>>;
}

function ReplayPage(props: Props) {
  const { c, deal, foreseen, choice } = props;
  const path = `/deals/${deal.recordId}/replay`;
  return (
    <>
      <p class="back">
        <a href={`/deals/${deal.recordId}`}>{nameOf(deal)}</a>
      </p>
      <h1>
        Run {nameOf(deal)} again <span class="light">{titleBeside(deal)}</span>
      </h1>
      <p>
        What exists is taken over as it is, what is missing is made. Nothing is posted twice. This is what would happen:
      </p>
      {foreseen.leftOut !== undefined && <p class="warning">It stays as it is: {foreseen.leftOut}.</p>}
      <Outlook outlook={foreseen.outlook} deal={deal} />
      <Choices {...props} path={path} />
      {isAllowed('replay a deal', c.get('person').roles) && foreseen.leftOut === undefined && (
        <Form c={c} action={path}>
          <input type="hidden" name="recorded" value={choice.isAsRecorded ? 'yes' : 'no'} />
          <input type="hidden" name="mapping" value={choice.mapping} />
          <p class="actions">
            <button class="primary" type="submit" data-busy="Starting…">
              Run it again
            </button>
            <a class="button quiet" href={`/deals/${deal.recordId}`}>
              Not now
            </a>
          </p>
        </Form>
      )}
    </>
  );
}

const TITLES: Readonly<Record<Exclude<OutlookLine['kind'], 'record-differs' | 'document-differs'>, string>> = {
  state: 'Stands at',
  adopts: 'Is taken over',
  makes: 'Is made',
  'hands-over': 'Is handed over',
  gone: 'Attention',
  mapping: 'By the rules',
  'not-recorded': 'Was not read then',
  'not-compared': 'Is not compared',
};

/** As the page of the deal says it; what was found is left as it was written. */
function toStanding({ state, hold }: ListedDeal): string {
  const { label } = STATE_WORDS[state];
  return hold ? `${label}: ${toReasonWords(hold.reason)}${hold.text === '' ? '' : `, ${hold.text}`}` : label;
}

function Outlook({ outlook, deal }: Pick<ReplayedDeal, 'outlook'> & Pick<Props, 'deal'>) {
  const plain = outlook.flatMap((line) => ('text' in line ? [line] : []));
  const changesOf = (kind: 'record-differs' | 'document-differs') =>
    outlook.flatMap((line) => ('change' in line && line.kind === kind ? [line.change] : []));
  const [inSales, inDocument] = [changesOf('record-differs'), changesOf('document-differs')];
  const isCompared = plain.some(({ kind }) => kind === 'mapping') && !plain.some(({ kind }) => kind === 'not-compared');
  return (
    <>
      <dl class="facts wide">
        {plain.map(({ kind, text }) => (
          <div>
            <dt>{TITLES[kind]}</dt>
            <dd>{kind === 'state' ? toStanding(deal) : text}</dd>
          </div>
        ))}
      </dl>
      {inSales.length > 0 && (
        <section aria-label="Different in Sales">
          <h2>Different in Sales since it was read</h2>
          <Changes changes={inSales} before="Then" after="Now" />
        </section>
      )}
      {inDocument.length > 0 && (
        <section aria-label="Different in the document">
          <h2>Different in the document</h2>
          <Changes changes={inDocument} before="By the rules of then" after="By the rules chosen" />
        </section>
      )}
      {isCompared && inSales.length + inDocument.length === 0 && <p>Nothing is different from when it was read.</p>}
    </>
  );
}

function Choices({ c, choice, mappings, path }: Props & { readonly path: string }) {
  const format = formatOf(c);
  return (
    <form method="get" action={path} class="choices">
      <label>
        <span>The record</span>
        <select name="recorded">
          <option value="no">as it is in Sales now</option>
          <option value="yes" selected={choice.isAsRecorded}>
            as it was read then
          </option>
        </select>
      </label>
      <label>
        <span>The rules</span>
        <select name="mapping">
          <option value="now">in force now</option>
          <option value="then" selected={choice.mapping === 'then'}>
            by which its document was made
          </option>
          {mappings.map(({ hash, firstUsedAt }) => (
            <option value={hash} selected={choice.mapping === hash}>
              {hash}, first used {format.time(firstUsedAt)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit">Look again</button>
    </form>
  );
}
