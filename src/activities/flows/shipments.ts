import { z } from 'zod';
import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { Shipment } from '../../clients/business-central/flows.js';
import type { DataverseClient } from '../../clients/dataverse/client.js';
import type { DataverseFlows } from '../../clients/dataverse/flows.js';
import { isReadOnly } from '../../clients/dataverse/refusals.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import { isSameCode } from '../../deal/codes.js';
import type { DealLine } from '../../deal/deal.js';
import { findTail } from '../../deal/document-number.js';
import { InternalError } from '../../deal/errors.js';
import { writeKey } from '../../deal/ids.js';
import { type LineRules, toUnitCode } from '../../deal/line-rules.js';
import { bySequence } from '../../deal/lines-by-sequence.js';
import { add, divide, isLess, isZero } from '../../deal/money.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { Carried, DealOfDocument, FlowValues, FoundThing } from '../../ledger/feeds/flows.js';
import type { FlowRules } from '../../mapping/rules/flows-file.js';
import { deriveGuid } from '../remote/derive-guid.js';
import { toTemporalFailures, type WriteDependencies, writeOnce } from '../remote/write-once.js';
import { fitColumns } from './columns.js';
import { type Flow, toNote } from './flow.js';
import { collectStamped, type StampedDependencies } from './stamped-flow.js';
import { type RowUpdateDependencies, updateReadRow } from './update-row.js';

/** Posted shipments: columns of the order in Sales and of its lines; a note where the order takes no columns. */

export type ShipmentDependencies = StampedDependencies &
  WriteDependencies &
  RowUpdateDependencies & {
    /** By which a line may have been converted to another unit. */
    readonly lines: LineRules;
    readonly businessCentral: Pick<BusinessCentralClient, 'readChangedShipments' | 'listShipmentsOfOrder'>;
    readonly dataverse: Pick<DataverseClient, 'findNote' | 'createNote'>;
    readonly dataverseFlows: Pick<DataverseFlows, 'findColumn' | 'updateRow'>;
    readonly ledger: Pick<DealLedger, 'getDeal' | 'findRecord'>;
    readonly dataverseAmbiguityMs: number;
    /** In which dates are meant. */
    readonly timeZone: string;
  };

const shippedLines = z.array(
  z.object({ sequence: z.number(), description: z.string(), quantity: z.string(), unit: z.string() }),
);
type ShippedLine = z.output<typeof shippedLines>[number];

export function createShipmentFlow(
  dependencies: ShipmentDependencies,
  rule: NonNullable<FlowRules['shipments']>,
): Flow {
  const { businessCentral, dataverse, dataverseFlows, flows, ledger, timeZone } = dependencies;
  const name = 'shipments';

  async function toThings(shipments: readonly Shipment[]): Promise<FoundThing[]> {
    const tails = shipments.flatMap(({ externalDocumentNumber }) => findTail(externalDocumentNumber) ?? []);
    const deals = await flows.findDeals(tails);
    return shipments.map((shipment): FoundThing => {
      const { id: sourceId, etag, number, date, method, orderNumber } = shipment;
      const tail = findTail(shipment.externalDocumentNumber);
      const lines = toStoredLines(shipment);
      return withDeal({ sourceId, etag, values: { number, date, method, orderNumber, lines } }, tail, deals);
    });
  }

  function withDeal(
    thing: Pick<FoundThing, 'sourceId' | 'etag' | 'values'>,
    tail: string | undefined,
    deals: ReadonlyMap<string, DealOfDocument>,
  ): FoundThing {
    const deal = deals.get(tail ?? '');
    if (!deal) return { ...thing, found: { skipped: 'no-deal', awaits: tail } };
    const { recordId, documentNumber, table } = deal;
    const orderNumber = thing.values['orderNumber'] ?? '';
    // Somebody may have copied an order with the key that it has.
    const isOther = orderNumber !== '' && documentNumber !== undefined && orderNumber !== documentNumber;
    if (isOther) return { ...thing, found: { skipped: 'no-deal' } };
    if (table !== 'salesorder') return { ...thing, recordId, found: { skipped: 'no-sales-order' } };
    return { ...thing, recordId, targetId: recordId, found: 'pending' };
  }

  /** A ledger that was restored hears of its deals again after it has read their shipments. */
  async function findAfterwards(): Promise<FoundThing[]> {
    const shipments = await flows.listFoundAfterwards(name, 'deal');
    const deals = await flows.findDeals(shipments.map(({ awaits }) => awaits));
    return shipments.map(({ awaits, ...shipment }) => withDeal(shipment, awaits, deals));
  }

  /** What was undone since shows only in the lines of the shipment, of which the reading by stamps does not hear. */
  async function listAsOfNow(recordId: string, { orderNumber = '' }: FlowValues): Promise<FlowValues[]> {
    const [known, now] = await Promise.all([
      flows.listOfTarget(name, recordId),
      orderNumber === '' ? [] : toTemporalFailures(() => businessCentral.listShipmentsOfOrder(orderNumber)),
    ]);
    const lines = new Map(now.map((shipment) => [shipment.id, toStoredLines(shipment)]));
    return known.map(({ sourceId, values }) => ({ ...values, lines: lines.get(sourceId) ?? values['lines'] ?? '[]' }));
  }

  async function writeColumns(recordId: string, shipments: readonly FlowValues[]): Promise<Carried> {
    const revision = (await ledger.findRecord(recordId))?.revision;
    const sold = revision ? (await ledger.getDeal(recordId, revision)).lines : [];
    const { number, date, method, quantity, lines } = toTotals(shipments, sold, dependencies.lines);
    const fitted = await fitColumns(dataverseFlows, 'salesorder', [
      [rule.columns?.number, { kind: 'text', text: number }],
      [rule.columns?.date, { kind: 'date', text: date, timeZone }],
      [rule.columns?.method, { kind: 'text', text: method }],
      [rule.columns?.quantity, { kind: 'number', text: quantity }],
    ]);
    if ('unfit' in fitted) return toNote('column-unfit', fitted.unfit);
    const order = { table: 'salesorder', id: recordId } as const;
    let receipt = rule.columns && (await updateReadRow(dependencies, order, fitted.columns));
    for (const { lineId, sequence } of rule.lineColumn === undefined ? [] : sold) {
      const shipped = lines.get(sequence);
      if (shipped === undefined) continue;
      const ofLine = await fitColumns(dataverseFlows, 'salesorderdetail', [
        [rule.lineColumn, { kind: 'number', text: shipped }],
      ]);
      if ('unfit' in ofLine) return toNote('column-unfit', ofLine.unfit);
      receipt = await dataverseFlows.updateRow({ table: 'salesorderdetail', id: lineId }, ofLine.columns, REPEATABLE);
    }
    const audit = { recordId, actor: 'dealbridge', action: 'write the shipment on the order in Sales' };
    const { requestId, correlationId } = receipt ?? {};
    return { state: 'carried', audit: { ...audit, requestId, correlationId, after: { number, date, quantity } } };
  }

  async function writeNote(recordId: string, shipmentId: string, values: FlowValues): Promise<Carried> {
    const noteId = deriveGuid(`shipment/${recordId}/${shipmentId}`);
    await writeOnce(dependencies, {
      recordId,
      writeKey: writeKey(recordId, `shipment-${shipmentId}`),
      action: 'write a note of the shipment in Sales',
      result: z.object({ noteId: z.string() }),
      ambiguityWindowMs: dependencies.dataverseAmbiguityMs,
      find: () => dataverse.findNote(noteId),
      write: (context) =>
        dataverse.createNote(
          {
            ...{ noteId, ref: { table: 'salesorder', recordId } },
            ...{ subject: `Shipment ${values['number']}`, text: toText(values) },
          },
          context,
        ),
      outcome: () => ({ facts: { shipmentId, noteId, number: values['number'] ?? '' } }),
    });
    return { state: 'carried' };
  }

  return {
    name,
    everyMinutes: rule.everyMinutes,
    from: rule.from,
    batchSize: 20,
    collect: (place) =>
      collectStamped(
        dependencies,
        { name, from: rule.from },
        place,
        (since, pageSize) => businessCentral.readChangedShipments(since, pageSize),
        toThings,
        findAfterwards,
      ),

    async carry({ sourceId, recordId, values }) {
      if (recordId === undefined) throw new InternalError('the shipment has no order');
      if (!rule.columns && rule.lineColumn === undefined) return writeNote(recordId, sourceId, values);
      const shipments = await listAsOfNow(recordId, values);
      try {
        return await writeColumns(recordId, shipments);
      } catch (error) {
        // A submitted order takes notes and no columns (reference/dataverse-sales 3.5).
        if (!isReadOnly(error)) return toTemporalFailures(() => Promise.reject(error));
        const remark = `the order is submitted and takes no columns; shipment ${values['number']}`;
        return rule.notes ? writeNote(recordId, sourceId, values) : toNote('order-locked', remark);
      }
    },
  };
}

function toStoredLines({ lines }: Pick<Shipment, 'lines'>): string {
  return JSON.stringify(lines.filter(({ quantity }) => !isZero(quantity)));
}

/**
 * Undoing a line appends one of the opposite quantity behind it, with a sequence of its own (reference/business-central 4.4):
 * it counts for the line that it takes back. What is sold with a negative quantity is shipped so.
 */
function withUndone(lines: readonly ShippedLine[], sold: ReadonlyMap<number, DealLine>): ShippedLine[] {
  const inOrder = [...lines].sort((a, b) => a.sequence - b.sequence);
  return inOrder.map((line, at) => {
    const isReturn = isLess(sold.get(line.sequence)?.quantity ?? '0', '0');
    if (isReturn || !isLess(line.quantity, '0')) return line;
    const undone = inOrder
      .slice(0, at)
      .findLast(({ unit, quantity }) => unit === line.unit && isZero(add(quantity, line.quantity)));
    return undone ? { ...line, sequence: undone.sequence } : line;
  });
}

function readLines(values: FlowValues): readonly ShippedLine[] {
  return shippedLines.parse(JSON.parse(values['lines'] ?? '[]'));
}

/** Of all shipments of an order, each line in the unit that it was sold in. */
function toTotals(shipments: readonly FlowValues[], sold: readonly DealLine[], rules: LineRules) {
  const inOrder = [...shipments].sort((a, b) => (a['number'] ?? '').localeCompare(b['number'] ?? ''));
  // Parts are added up in their own unit first: a third of a box, three times, is a box.
  const shipped = new Map<string, ShippedLine>();
  const soldLines = bySequence(sold);
  for (const line of inOrder.flatMap((one) => withUndone(readLines(one), soldLines))) {
    const key = JSON.stringify([line.sequence, line.unit]);
    shipped.set(key, { ...line, quantity: add(shipped.get(key)?.quantity ?? '0', line.quantity) });
  }
  const lines = new Map<number, string>();
  for (const line of shipped.values()) {
    const quantity = inUnitOfSale(line, soldLines.get(line.sequence), rules);
    lines.set(line.sequence, add(lines.get(line.sequence) ?? '0', quantity));
  }
  return {
    number: inOrder.map((one) => one['number']).join(', '),
    // Dates as text are in order.
    date:
      inOrder
        .map((one) => one['date'] ?? '')
        .sort()
        .at(-1) ?? '',
    method: inOrder.at(-1)?.['method'] ?? '',
    quantity: add('0', ...lines.values()),
    lines,
  };
}

/** Decimals of a quantity in Sales. */
const QUANTITY_DECIMALS = 5;

/** A line whose unit Business Central lacks was handed over in the base unit: so many more of it were shipped. */
function inUnitOfSale({ quantity, unit }: ShippedLine, sold: DealLine | undefined, rules: LineRules): string {
  const base = toUnitCode(sold?.baseUnit, rules);
  if (!sold?.unitFactor || base === undefined || !isSameCode(unit, base)) return quantity;
  const isSoldInBase = isSameCode(toUnitCode(sold.unit, rules) ?? base, base);
  return isSoldInBase ? quantity : divide(quantity, sold.unitFactor, QUANTITY_DECIMALS);
}

function toText(values: FlowValues): string {
  const { number = '', date = '', method = '' } = values;
  const what = readLines(values).map(({ quantity, description }) => `${quantity} × ${description}`);
  return [`Shipment ${number} of ${date}${method && ` (${method})`}:`, ...what].join('\n');
}
