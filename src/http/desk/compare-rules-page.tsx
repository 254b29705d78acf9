import { type Context, Hono } from 'hono';
import type { Child } from 'hono/jsx';
import type { Logger } from 'pino';
import { DealbridgeError } from '../../deal/errors.js';
import { plural } from '../../deal/plural.js';
import { isAllowed } from '../../identity/permissions.js';
import { type ComparedDeal, compareRules, type RulesComparison } from '../../operations/settings/compare-rules.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { parseForm } from '../form.js';
import { Changes } from './changes.js';
import { Form, type Frame } from './frame.js';
import { SettingTabs } from './setting-tabs.js';
import { nameOf } from './work-list.js';

/** What a rules file would change: its faults, or what differs from the rules in force and what of the last deals would. */

const PATH = '/settings/compare';
const CHOICES = ['10', '50', '100', '200'] as const;
const DEFAULT = '50';

export function createCompareRoutes(dependencies: DeskDependencies, frame: Frame, log: Logger): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  const page = { title: 'What a rules file would change', here: 'settings' } as const;
  app.get(PATH, (c) => frame.show(c, page, <Question c={c} text="" deals={DEFAULT} />));
  app.post(PATH, async (c) => {
    const { file, text: typed, deals = DEFAULT } = await parseForm(c);
    const text = file instanceof File && file.size > 0 ? await file.text() : String(typed ?? '');
    const found = await compareRules(dependencies, c.get('person'), { text, deals: String(deals) });
    const question = <Question c={c} text={text} deals={String(deals)} />;
    if (found.kind === 'faults') {
      return frame.show(
        c,
        { ...page, status: 400 },
        <>
          {question}
          <Faults faults={found.faults} />
        </>,
      );
    }
    return frame.stream(c, page, question, tell(found, log));
  });
  return app;
}

interface Asked {
  readonly c: Context<DeskEnv>;
  readonly text: string;
  readonly deals: string;
}

function Question({ c, text, deals }: Asked) {
  return (
    <>
      <h1>Settings</h1>
      <SettingTabs here="compare" />
      <p>
        Give a rules file, and see what it says otherwise than the rules in force, and which of the last deals would
        become another document by it. Nothing of it is kept, and nothing is written to either system.
      </p>
      {isAllowed('compare rules', c.get('person').roles) ? (
        <Form c={c} action={PATH} enctype="multipart/form-data" class="compare-rules">
          <label>
            <span>A file</span>
            <input type="file" name="file" accept=".yaml,.yml,text/plain" />
          </label>
          <label>
            <span>or its text</span>
            <textarea name="text" rows={8}>
              {text}
            </textarea>
          </label>
          <label>
            <span>Compare the last</span>
            <select name="deals">
              {CHOICES.map((one) => (
                <option value={one} selected={one === deals}>
                  {one} deals
                </option>
              ))}
            </select>
          </label>
          <button type="submit" class="primary">
            See what it would change
          </button>
        </Form>
      ) : (
        <p class="warning">
          Operators, approvers and administrators may compare rules: each comparison reads both systems.
        </p>
      )}
    </>
  );
}

function Faults({ faults }: Pick<Extract<RulesComparison, { kind: 'faults' }>, 'faults'>) {
  return (
    <section aria-label="Faults">
      <h2 role="alert">{faults.length === 1 ? 'One fault' : `${faults.length} faults`}: these rules are not usable</h2>
      <table class="changes">
        <thead>
          <tr>
            <th>Rule</th>
            <th>Line</th>
            <th>Found</th>
            <th>Right</th>
          </tr>
        </thead>
        <tbody>
          {faults.map(({ line, column, field, found, right }) => (
            <tr>
              <th scope="row">
                <code>{field || '(the whole)'}</code>
              </th>
              <td data-label="Line">
                {line}:{column}
              </td>
              <td data-label="Found">{found}</td>
              <td data-label="Right">{right}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Part by part, as it becomes known: the style shows the last progress line alone. */
async function* tell(found: Extract<RulesComparison, { kind: 'readable' }>, log: Logger): AsyncGenerator<Child> {
  const { changes, deals, total } = found;
  yield (
    <section aria-label="The rules">
      <h2>The rules</h2>
      {changes.length === 0 ? (
        <p>The file says what the rules in force say.</p>
      ) : (
        <Changes changes={changes} before="In force" after="In the file" isOfFile />
      )}
      <h2>The last deals</h2>
      {total === 0 && <p>There is no deal yet to compare by. The first one that is won in Sales comes here.</p>}
    </section>
  );
  if (total === 0) return;
  const counted = { same: 0, different: 0, 'not-compared': 0 };
  const progress = (): Child => {
    const done = counted.same + counted.different + counted['not-compared'];
    return (
      <p class="progress-line">
        {done} of {total} compared, {counted.different} would be different…
      </p>
    );
  };
  yield progress();
  try {
    for await (const one of deals) {
      counted[one.outcome] += 1;
      if (one.outcome !== 'same') yield <Compared one={one} />;
      yield progress();
    }
    yield <Result counted={counted} total={total} />;
  } catch (error) {
    log.error({ err: error }, 'comparing rules failed');
    const said = error instanceof DealbridgeError ? error.message : 'the log of the starter names why';
    yield <p class="warning progress-line">The comparison ended early: {said}.</p>;
  }
}

function Compared({ one }: { readonly one: Exclude<ComparedDeal, { outcome: 'same' }> }) {
  return (
    <section class="compared" aria-label={nameOf(one.deal)}>
      <h3>
        <a href={`/deals/${one.deal.recordId}`}>{nameOf(one.deal)}</a>{' '}
        <span class="light">{one.deal.customer ?? one.deal.name}</span>
      </h3>
      {one.outcome === 'different' ? (
        <Changes changes={one.changes} before="By the rules in force" after="By the file" />
      ) : (
        <p class="warning">It could not be compared: {one.why}.</p>
      )}
    </section>
  );
}

function Result(props: {
  readonly counted: Readonly<Record<ComparedDeal['outcome'], number>>;
  readonly total: number;
}) {
  const { counted, total } = props;
  const failed = counted['not-compared'];
  const done = counted.same + counted.different + failed;
  return (
    <p class={`progress-line ${failed > 0 ? 'warning' : 'good'}`} role="status">
      {done - failed} of {plural(total, 'deal')} compared:{' '}
      {counted.different === 0 ? 'none would be different' : `${counted.different} would be different`}.
      {failed > 0 && ` ${failed} could not be read${done < total ? ', so the others were not asked for' : ''}.`}
    </p>
  );
}
