import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { Shipment } from '../../clients/business-central/flows.js';
import type { DataverseClient } from '../../clients/dataverse/client.js';
import type { DataverseFlows } from '../../clients/dataverse/flows.js';
import { isReadOnly } from '../../clients/dataverse/refusals.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import type { RemoteWrite } from '../../deal/audit-actions.js';
import type { DealLine } from '../../deal/deal.js';
import { findTail } from '../../deal/document-number.js';
import { InternalError } from '../../deal/errors.js';
import { writeKey } from '../../deal/ids.js';
import type { LineRules } from '../../deal/line-rules.js';
import { isZero } from '../../deal/money.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { Carried, DealOfDocument, FlowValues, FoundThing } from '../../ledger/feeds/flows.js';
import type { FlowRules } from '../../mapping/rules/flows-file.js';
import { deriveGuid } from '../remote/derive-guid.js';
import { toTemporalFailures, type WriteDependencies, writeOnce } from '../remote/write-once.js';
import { fitColumns } from './columns.js';
import { type Flow, toNote } from './flow.js';
import { toNoteTexts, toStoredLines, toTotals } from './shipped-lines.js';
import { collectStamped, type StampedDependencies } from './stamped-flow.js';
import { collectWithUndone, toShipmentEtag } from './undone-shipments.js';
import { type Carrying, ensurePending, type RowUpdateDependencies, updateReadRow } from './update-row.js';

/** Posted shipments: columns of the order in Sales and of its lines; a note where the order takes no columns. */

export type ShipmentDependencies = StampedDependencies &
  WriteDependencies &
  RowUpdateDependencies & {
    /** By which a line may have been converted to another unit. */
    readonly lines: LineRules;
    readonly businessCentral: Pick<
      BusinessCentralClient,
      'readChangedShipments' | 'listShipmentsOfOrder' | 'listNegativeShipmentLines'
    >;
    readonly dataverse: Pick<DataverseClient, 'findNote' | 'createNote'>;
    readonly dataverseFlows: Pick<DataverseFlows, 'findColumn' | 'updateRow'>;
    readonly ledger: Pick<DealLedger, 'getDeal' | 'findRecord'>;
    readonly dataverseAmbiguityMs: number;
    /** In which dates are meant. */
    readonly timeZone: string;
  };

interface ShipmentNote {
  readonly recordId: string;
  /** The shipment, and what of it. */
  readonly of: string;
  readonly subject: string;
  readonly text: string;
  readonly action: RemoteWrite;
}

export function createShipmentFlow(
  dependencies: ShipmentDependencies,
  rule: NonNullable<FlowRules['shipments']>,
): Flow {
  const { businessCentral, dataverse, dataverseFlows, flows, ledger, timeZone } = dependencies;
  const name = 'shipments';

  async function toThings(read: readonly Shipment[]): Promise<FoundThing[]> {
    // One without any quantity only takes the number of an order that was deleted (reference/business-central 11.3).
    const shipments = read.filter(({ lines }) => lines.some(({ quantity }) => !isZero(quantity)));
    const tails = shipments.flatMap(({ externalDocumentNumber }) => findTail(externalDocumentNumber) ?? []);
    const deals = await flows.findDeals(tails);
    return shipments.map((shipment): FoundThing => {
      const { id: sourceId, number, date, method, orderNumber } = shipment;
      const tail = findTail(shipment.externalDocumentNumber);
      const values = { number, date, method, orderNumber, lines: toStoredLines(shipment) };
      return withDeal({ sourceId, etag: toShipmentEtag(values), values }, tail, deals);
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

  /** Another shipment of the order may have been undone since it was looked at last. */
  async function listAsOfNow(recordId: string, { orderNumber = '' }: FlowValues): Promise<FlowValues[]> {
    const [known, now] = await Promise.all([
      flows.listOfTarget(name, recordId),
      orderNumber === '' ? [] : toTemporalFailures(() => businessCentral.listShipmentsOfOrder(orderNumber)),
    ]);
    const lines = new Map(now.map((shipment) => [shipment.id, toStoredLines(shipment)]));
    return known.map(({ sourceId, values }) => ({ ...values, lines: lines.get(sourceId) ?? values['lines'] ?? '[]' }));
  }

  async function listSold(recordId: string): Promise<readonly DealLine[]> {
    const revision = (await ledger.findRecord(recordId))?.revision;
    return revision ? (await ledger.getDeal(recordId, revision)).lines : [];
  }

  async function writeColumns(
    carrying: Carrying,
    recordId: string,
    shipments: readonly FlowValues[],
    sold: readonly DealLine[],
  ): Promise<Carried> {
    const { number, date, method, quantity, lines } = toTotals(shipments, sold, dependencies.lines);
    const fitted = await fitColumns(dataverseFlows, 'salesorder', [
      [rule.columns?.number, { kind: 'text', text: number }],
      [rule.columns?.date, { kind: 'date', text: date, timeZone }],
      [rule.columns?.method, { kind: 'text', text: method }],
      [rule.columns?.quantity, { kind: 'number', text: quantity }],
    ]);
    if ('unfit' in fitted) return toNote('column-unfit', fitted.unfit);
    const order = { table: 'salesorder', id: recordId } as const;
    let receipt = rule.columns && (await updateReadRow(dependencies, carrying, order, fitted.columns));
    for (const { lineId, sequence } of rule.lineColumn === undefined ? [] : sold) {
      const shipped = lines.get(sequence);
      if (shipped === undefined) continue;
      const ofLine = await fitColumns(dataverseFlows, 'salesorderdetail', [
        [rule.lineColumn, { kind: 'number', text: shipped }],
      ]);
      if ('unfit' in ofLine) return toNote('column-unfit', ofLine.unfit);
      await ensurePending(flows, carrying);
      receipt = await dataverseFlows.updateRow({ table: 'salesorderdetail', id: lineId }, ofLine.columns, REPEATABLE);
    }
    const audit = { recordId, actor: 'dealbridge', action: 'write the shipment on the order in Sales' } as const;
    const { requestId, correlationId } = receipt ?? {};
    return { state: 'carried', audit: { ...audit, requestId, correlationId, after: { number, date, quantity } } };
  }

  /** A note stays as it is: what was undone of its shipment stands in another one. */
  async function writeNotes(
    recordId: string,
    shipmentId: string,
    values: FlowValues,
    sold: readonly DealLine[],
  ): Promise<Carried> {
    const { shipped, undone } = toNoteTexts(values, sold);
    const subject = `Shipment ${values['number']}`;
    const action = 'write a note of the shipment in Sales' as const;
    await writeNote({ recordId, of: shipmentId, subject, text: shipped, action });
    if (undone !== undefined) {
      const of = `${shipmentId}-undone-${createHash('sha256').update(undone).digest('hex').slice(0, 16)}`;
      await writeNote({ recordId, of, subject: `${subject}: undone`, text: undone, action: `${action}: undone` });
    }
    return { state: 'carried' };
  }

  async function writeNote({ recordId, of, subject, text, action }: ShipmentNote): Promise<void> {
    const noteId = deriveGuid(`shipment/${recordId}/${of}`);
    await writeOnce(dependencies, {
      recordId,
      writeKey: writeKey(recordId, `shipment-${of}`),
      action,
      result: z.object({ noteId: z.string() }),
      ambiguityWindowMs: dependencies.dataverseAmbiguityMs,
      find: () => dataverse.findNote(noteId),
      write: (context) =>
        dataverse.createNote({ noteId, ref: { table: 'salesorder', recordId }, subject, text }, context),
      outcome: () => ({ facts: { noteId, subject } }),
    });
  }

  return {
    name,
    everyMinutes: rule.everyMinutes,
    from: rule.from,
    batchSize: 20,
    collect: (place) =>
      collectWithUndone(dependencies, place, () =>
        collectStamped(
          dependencies,
          { name, from: rule.from },
          place,
          (since, pageSize) => businessCentral.readChangedShipments(since, pageSize),
          toThings,
          findAfterwards,
        ),
      ),

    async carry(thing) {
      const { sourceId, recordId, values } = thing;
      if (recordId === undefined) throw new InternalError('the shipment has no order');
      const sold = await listSold(recordId);
      if (!rule.columns && rule.lineColumn === undefined) return writeNotes(recordId, sourceId, values, sold);
      const shipments = await listAsOfNow(recordId, values);
      try {
        return await writeColumns({ flow: name, thing }, recordId, shipments, sold);
      } catch (error) {
        // A submitted order takes notes and no columns (reference/dataverse-sales 3.5).
        if (!isReadOnly(error)) return toTemporalFailures(() => Promise.reject(error));
        const remark = `the order is submitted and takes no columns; shipment ${values['number']}`;
        return rule.notes ? writeNotes(recordId, sourceId, values, sold) : toNote('order-locked', remark);
      }
    },
  };
}
