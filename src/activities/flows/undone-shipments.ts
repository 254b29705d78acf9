import { createHash } from 'node:crypto';
import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { NegativeShipmentLine } from '../../clients/business-central/flows.js';
import type { FlowLedger, FlowValues, FoundThing, PendingThing } from '../../ledger/feeds/flows.js';
import { toTemporalFailures } from '../remote/write-once.js';
import type { FlowPageTaken, FlowPlaceInReading } from './flow.js';
import { withNegativeLines } from './shipped-lines.js';

/**
 * What is undone of a shipment changes its lines and not its stamp, and the lines have none (reference/business-central 4.4): of
 * orders that are still open it is looked for by its negative quantity, after the reading by stamps has reached its end.
 */

export interface UndoneDependencies {
  readonly flows: Pick<FlowLedger, 'listOfOpenOrders' | 'endLookBack' | 'take'>;
  readonly businessCentral: Pick<BusinessCentralClient, 'listNegativeShipmentLines'>;
}

/** Where a reading goes on once it has reached the last stamp. */
const UNDONE = 'undone';
/** One request names as many ids. */
const BATCH_SIZE = 20;
const FLOW = 'shipments';

export async function collectWithUndone(
  dependencies: UndoneDependencies,
  place: FlowPlaceInReading,
  collectChanged: () => Promise<FlowPageTaken>,
): Promise<FlowPageTaken> {
  if (place.next === UNDONE) return collectUndone(dependencies, place);
  const page = await collectChanged();
  if (page.next !== undefined) return page;
  const due = await dependencies.flows.listOfOpenOrders(FLOW, 1);
  if (due.length > 0) return { ...page, next: UNDONE };
  await dependencies.flows.endLookBack(FLOW);
  return page;
}

async function collectUndone(
  { flows, businessCentral }: UndoneDependencies,
  { beganAt }: FlowPlaceInReading,
): Promise<FlowPageTaken> {
  const due = await flows.listOfOpenOrders(FLOW, BATCH_SIZE);
  if (due.length === 0) {
    await flows.endLookBack(FLOW);
    return { found: 0, beganAt };
  }
  const negative = await toTemporalFailures(() =>
    businessCentral.listNegativeShipmentLines(due.map(({ sourceId }) => sourceId)),
  );
  const things = due.map((thing) => withUndoneLines(thing, negative));
  // What is as before stays as it is, and was met.
  await flows.take(FLOW, things, { isEnd: false });
  if (due.length === BATCH_SIZE) return { found: things.length, beganAt, next: UNDONE };
  await flows.endLookBack(FLOW);
  return { found: things.length, beganAt };
}

function withUndoneLines(thing: PendingThing, negative: readonly NegativeShipmentLine[]): FoundThing {
  const ofIt = negative.filter(({ shipmentId }) => shipmentId === thing.sourceId);
  const values = withNegativeLines(thing.values, ofIt);
  return { ...thing, ...(values !== thing.values && { values, etag: toShipmentEtag(values) }), found: 'pending' };
}

/** Of what is carried: its own etag says nothing of its lines. */
export function toShipmentEtag({ number, date, method, orderNumber, lines }: FlowValues): string {
  return createHash('sha256')
    .update(JSON.stringify([number, date, method, orderNumber, lines]))
    .digest('hex');
}
