import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { createDataConverter } from '../secrets/data-converter.js';
import type { Config } from './config.js';
import { ask, type Foundation, type Opening, openFoundation, orClose } from './foundation.js';
import { traceStarts } from './telemetry/trace-starts.js';
import { connectTemporalClient } from './temporal-connection.js';

/** What every process opens first. */
export interface Runtime extends Foundation {
  readonly temporal: Client;
  /** Workers need the same one as the client. */
  readonly dataConverter: DataConverter;
}

export async function openRuntime(config: Config, name: string, opening: Opening = {}): Promise<Runtime> {
  const foundation = await openFoundation(config, name, opening);
  const dataConverter = createDataConverter(foundation.ring);
  const { address, namespace } = config.temporal;
  const connect = async () => {
    const opened = await connectTemporalClient(config.temporal);
    // Whoever polls a namespace that is not there waits for ever.
    await orClose(opened, opened.workflowService.describeNamespace({ namespace }));
    return opened;
  };
  const connection = await orClose(foundation, ask('Temporal', connect, { ...foundation, where: address }, opening));
  return {
    ...foundation,
    dataConverter,
    temporal: new Client({ connection, namespace, dataConverter, interceptors: { workflow: [traceStarts] } }),
    async close() {
      await connection.close();
      await foundation.close();
    },
  };
}
