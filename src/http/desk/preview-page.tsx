import { type Context, Hono } from 'hono';
import { HOLDS, withoutRetry } from '../../deal/holds.js';
import { titleBeside } from '../../deal/record-title.js';
import type { ListedDeal } from '../../ledger/deals/list-deals.js';
import { type Preview, type PreviewRow, previewListedDeal } from '../../operations/deals/preview-deals.js';
import { showDeal } from '../../operations/deals/show-deal.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { isForPeople, isId, toFieldWords, toNameWords, toStepWords } from './field-words.js';
import type { Format } from './format.js';
import { type Frame, formatOf } from './frame.js';
import { NextStep } from './next-step.js';
import { CutNotice, cutLines } from './shown-lines.js';
import { OWNER_WORDS, toReasonWords } from './words.js';
import { nameOf } from './work-list.js';

/** What the rules in force would make of a deal now: both systems are read, and nothing is written. */

export function createPreviewRoutes(dependencies: DeskDependencies, frame: Frame): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  app.get('/deals/:deal/preview', async (c) => {
    const person = c.get('person');
    const input = { deal: c.req.param('deal') };
    const deal = await showDeal(dependencies, person, input);
    const preview = await previewListedDeal(dependencies, person, input);
    const title = `Preview of ${nameOf(deal)}`;
    return frame.show(c, { title, here: 'work' }, <PreviewPage c={c} deal={deal} preview={preview} />);
  });
  return app;
}

interface Props {
  readonly c: Context<DeskEnv>;
  readonly deal: ListedDeal;
  readonly preview: Preview;
}

function PreviewPage({ c, deal, preview }: Props) {
  const format = formatOf(c);
  const { document, plan, notes, problems } = preview;
  const path = `/deals/${deal.recordId}/preview`;
  const isWhole = c.req.query('lines') === 'all';
  const sources = cutLines(notes, isWhole);
  return (
    <>
      <p class="back">
        <a href={`/deals/${deal.recordId}`}>{nameOf(deal)}</a>
      </p>
      <h1>
        Preview of {nameOf(deal)} <span class="light">{titleBeside(deal)}</span>
      </h1>
      <p>
        What the rules in force would make of it now, as both systems are at this moment. Nothing was written to either.
      </p>
      {preview.deal.carrier && (
        <p class="warning">It is not handed over by itself: a later record of the same sale carries the deal.</p>
      )}
      <Problems problems={problems} />
      {document ? (
        <>
          <Header row={document.header} format={format} />
          <Lines rows={document.lines} format={format} path={path} isWhole={isWhole} />
        </>
      ) : (
        <section class="message">
          <h2>There would be no document</h2>
          <p>What is named above has to be repaired first.</p>
        </section>
      )}
      <Plan plan={plan} isHeld={problems.length > 0} isWhole={isWhole} />
      {notes.length > 0 && (
        <details>
          <summary>Where each value comes from</summary>
          <ul class="plain">
            {sources.shown.map(({ field, text, kind }) => (
              <li>
                <strong>{toFieldWords(field)}</strong> {NOTE_WORDS[kind]} {text}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

const NOTE_WORDS: Readonly<Record<Preview['notes'][number]['kind'], string>> = {
  mapped: 'from',
  'looked-up': 'from',
  cut: 'cut, from',
  'left-out': 'left out, from',
};

function Problems({ problems }: Pick<Preview, 'problems'>) {
  if (problems.length === 0) return <p class="good">Nothing would hold it.</p>;
  return (
    <section aria-label="What would hold it">
      <h2>What would hold it</h2>
      <ul class="holds">
        {problems.map(({ reason, text }) => (
          <li>
            <strong>{toReasonWords(reason)}</strong>
            {text !== '' && <span class="found">{text}</span>}
            <span class="next">
              <span class="owner">Next step, {OWNER_WORDS[HOLDS[reason].owner]}:</span>{' '}
              <NextStep text={withoutRetry(HOLDS[reason].nextStep)} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Amounts are shown as the reader writes them; everything else is text. */
const AMOUNTS: ReadonlySet<string> = new Set([
  ...['discountAmount', 'totalAmountExcludingTax'],
  ...['totalAmountIncludingTax', 'amountIncludingTax'],
]);

function Header({ row, format }: { readonly row: PreviewRow; readonly format: Format }) {
  const values = Object.entries(row.values).filter(isForPeople);
  return (
    <section aria-label="Document">
      <h2>Document</h2>
      <dl class="facts">
        {values.map(([name, value]) => (
          <div>
            <dt>{toNameWords(name)}</dt>
            <dd>
              {toShown(name, value, format)}
              {row.defaulted[name] !== undefined && <span class="light"> from {row.defaulted[name]}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function toShown(name: string, value: string | boolean, format: Format): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return AMOUNTS.has(name) ? format.money(value, undefined) : value;
}

const IN_COLUMNS: ReadonlySet<string> = new Set([
  ...['sequence', 'lineType', 'lineObjectNumber', 'description', 'quantity', 'unitOfMeasureCode', 'unitPrice'],
  ...['discountAmount', 'amountExcludingTax'],
]);

function Lines(props: {
  readonly rows: readonly PreviewRow[];
  readonly format: Format;
  readonly path: string;
  readonly isWhole: boolean;
}) {
  const { format, path } = props;
  const rows = cutLines(props.rows, props.isWhole);
  return (
    <section aria-label="Lines">
      <h2>Lines</h2>
      <CutNotice of={rows} path={path} />
      <table class="compare one-side">
        <thead>
          <tr>
            <th>Line</th>
            {['Quantity', 'Price', 'Discount', 'Net'].map((title) => (
              <th class="amount">{title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.shown.map(({ values }) => {
            const text = (name: string): string => String(values[name] ?? '');
            const money = (name: string): string =>
              values[name] === undefined ? '–' : format.money(text(name), undefined);
            const others = Object.entries(values).filter((entry) => isForPeople(entry) && !IN_COLUMNS.has(entry[0]));
            return (
              <tr>
                <th scope="row">
                  <span class="light">{Number(text('sequence')) / 10_000}</span> {text('lineObjectNumber') || 'Text'}
                  <span class="sub">{text('description')}</span>
                  {others.map(([name, value]) => (
                    <span class="sub">
                      {toNameWords(name)}: {toShown(name, value, format)}
                    </span>
                  ))}
                </th>
                <td class="amount" data-label="Quantity">
                  {values['quantity'] === undefined ? '–' : format.number(text('quantity'))} {text('unitOfMeasureCode')}
                </td>
                <td class="amount" data-label="Price">
                  {money('unitPrice')}
                </td>
                <td class="amount" data-label="Discount">
                  {money('discountAmount')}
                </td>
                <td class="amount" data-label="Net">
                  {money('amountExcludingTax')}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

interface PlanProps extends Pick<Preview, 'plan'> {
  readonly isHeld: boolean;
  readonly isWhole: boolean;
}

function Plan({ plan, isHeld, isWhole }: PlanProps) {
  const steps = cutLines(plan, isWhole);
  return (
    <section aria-label="What would be written">
      <h2>What would be written</h2>
      {plan.length === 0 ? (
        <p>{isHeld ? 'Nothing, as long as it is held.' : 'Nothing.'}</p>
      ) : (
        <ol class="plain">
          {steps.shown.map(({ step, number, fields }) => (
            <li>
              {toStepWords(step)} {!isId(number) && <strong>{number}</strong>}
              {Object.entries(fields)
                .filter(isForPeople)
                .map(([name, value]) => (
                  <span class="sub">
                    {toNameWords(name)}: {String(value)}
                  </span>
                ))}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
