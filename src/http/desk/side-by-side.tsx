import type { ComparedLine, Comparison, LineFigure, ShownLine } from '../../deal/compare-lines.js';
import { isFinal } from '../../deal/states.js';
import type { OpenDeal } from '../../operations/deals/open-deal.js';
import type { Format } from './format.js';
import { CutNotice, cutLines } from './shown-lines.js';

/** Deal and draft line by line; what differs is marked, and named for whoever does not search for marks. */

export function SideBySide({
  comparison,
  deal,
  format,
  isWhole,
}: {
  readonly comparison: Comparison;
  readonly deal: OpenDeal;
  readonly format: Format;
  /** Every line is shown, however many there are. */
  readonly isWhole: boolean;
}) {
  const lines = cutLines(comparison.lines, isWhole, ({ differences }) => differences.length > 0);
  const named = nameDifferences(comparison);
  const drafted = toDocumentWords(deal.record);
  return (
    <section aria-label="What was sold, and what is in Business Central">
      <h2>Sold, and in Business Central</h2>
      {named.length > 0 ? (
        <ul class="warning">
          {named.map((text) => (
            <li>{text}</li>
          ))}
        </ul>
      ) : (
        <p>{toAgreement(comparison, deal)}</p>
      )}
      <CutNotice of={lines} path={`/deals/${deal.recordId}`}>
        , those that differ before others
      </CutNotice>
      <table class="compare">
        <thead>
          <tr>
            <th rowspan={2}>Line</th>
            <th colspan={4} class="side">
              Sold in Sales
            </th>
            <th colspan={4} class="side">
              {drafted} in Business Central
            </th>
          </tr>
          <tr>
            {[0, 1].map(() => ['Quantity', 'Price', 'Discount', 'Net'].map((title) => <th class="amount">{title}</th>))}
          </tr>
        </thead>
        <tbody>
          {lines.shown.map((line) => (
            <LineRow line={line} drafted={drafted} format={format} />
          ))}
        </tbody>
        <tfoot>
          {comparison.totals.map(({ name, sold, drafted: found, isDifferent }) => (
            <tr class={isDifferent ? 'differs' : ''}>
              <th scope="row">{TOTAL_WORDS[name]}</th>
              <td class="amount" colspan={4} data-label="Sold">
                {sold === undefined ? <span class="light">not stated</span> : format.money(sold, undefined)}
              </td>
              <td class="amount" colspan={4} data-label={drafted}>
                <Marked isMarked={isDifferent}>{format.money(found, undefined)}</Marked>
              </td>
            </tr>
          ))}
        </tfoot>
      </table>
    </section>
  );
}

/** An order that the warehouse has is no posted one. */
function toDocumentWords({ isHandedOver, documentKind }: OpenDeal['record']): string {
  if (!isHandedOver) return 'Draft';
  return documentKind === 'order' ? 'Order' : 'Posted';
}

function toAgreement({ lines, totals }: Comparison, { state, documents }: OpenDeal): string {
  const hasDocument = lines.some(({ drafted }) => drafted) || totals.some(({ drafted }) => drafted !== undefined);
  if (hasDocument) return 'Every line and every sum agree.';
  if (documents.some(({ isGone }) => isGone)) return 'The draft was deleted, so there is nothing to compare with.';
  return isFinal(state) ? 'No draft was made of this record.' : 'There is no draft yet to compare with.';
}

const FIGURE_WORDS: Readonly<Record<LineFigure, string>> = {
  quantity: 'quantity',
  unitPrice: 'price',
  discount: 'discount',
  net: 'net amount',
  line: 'line',
};

/** Each difference by its name, for whoever does not want to search for the marks. */
function nameDifferences({ lines, totals }: Comparison): string[] {
  const ofLines = lines
    .filter(({ differences }) => differences.length > 0)
    .map(({ position, sold, drafted, differences }) => {
      if (!drafted) return `Line ${position} is missing in Business Central.`;
      if (!sold) return `Line ${position} is only in Business Central.`;
      const names = differences.map((figure) => FIGURE_WORDS[figure]);
      return `Line ${position}: ${names.join(' and ')} ${names.length === 1 ? 'differs' : 'differ'}.`;
    });
  const ofTotals = totals
    .filter(({ isDifferent }) => isDifferent)
    .map(({ name }) => `${TOTAL_WORDS[name]}: the sums differ.`);
  const rest = ofLines.length - MAX_NAMED;
  return [...ofLines.slice(0, MAX_NAMED), ...(rest > 0 ? [`${rest} more lines differ.`] : []), ...ofTotals];
}

/** As many as somebody reads. */
const MAX_NAMED = 20;

const TOTAL_WORDS: Readonly<Record<Comparison['totals'][number]['name'], string>> = {
  discount: 'Discount on all',
  freight: 'Freight',
  net: 'Net',
  tax: 'Tax',
  gross: 'Gross',
};

function LineRow(props: { readonly line: ComparedLine; readonly drafted: string; readonly format: Format }) {
  const { line, format } = props;
  const { sold, drafted, differences, position } = line;
  const either = sold ?? drafted;
  return (
    <tr class={differences.length > 0 ? 'differs' : ''}>
      <th scope="row">
        <span class="light">{position}</span> {either?.number || 'Text'}
        <span class="sub">{either?.text}</span>
        {differences.includes('line') && (
          <span class="only">{sold ? 'missing in Business Central' : 'only in Business Central'}</span>
        )}
      </th>
      <Figures line={sold} label="Sold" differences={[]} format={format} />
      <Figures line={drafted} label={props.drafted} differences={differences} format={format} />
    </tr>
  );
}

function Figures(props: {
  readonly line: ShownLine | undefined;
  readonly label: string;
  readonly differences: ComparedLine['differences'];
  readonly format: Format;
}) {
  const { line, label, differences, format } = props;
  if (!line) {
    return (
      <td colspan={4} class="amount none" data-label={label}>
        –
      </td>
    );
  }
  const cells = [
    ['quantity', `${format.number(line.quantity)}${line.unit === undefined ? '' : ` ${line.unit}`}`, 'quantity'],
    ['unitPrice', format.money(line.unitPrice, undefined), 'price'],
    ['discount', format.money(line.discount, undefined), 'discount'],
    ['net', format.money(line.net, undefined), 'net'],
  ] as const;
  return (
    <>
      {cells.map(([figure, text, name]) => (
        <td class="amount" data-label={`${label}, ${name}`}>
          <Marked isMarked={differences.includes(figure)}>{text}</Marked>
        </td>
      ))}
    </>
  );
}

function Marked({ isMarked, children }: { readonly isMarked: boolean; readonly children: string }) {
  if (!isMarked) return <>{children}</>;
  return (
    <mark>
      {children}
      <span class="visually-hidden"> differs</span>
    </mark>
  );
}
