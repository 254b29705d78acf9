import { z } from 'zod';
import { STATE_CODES, STATUS_CODES } from '../../deal/state-codes.js';
import { guid, readWire } from '../http/wire.js';
import { REPEATABLE } from '../http/write-context.js';
import { createDataverseTransport, type DataverseClientOptions, deleteIfThere } from './transport.js';

/** Registers a webhook and its steps (reference/dataverse-sales 5.1); ids are the caller's, as in `Customizations`. */

export interface StepSettings {
  readonly isAsynchronous: boolean;
  readonly isEnabled: boolean;
  readonly stage: number;
  readonly attributes: readonly string[];
}

export interface MessageFilter {
  readonly messageId: string;
  readonly filterId: string;
}

export interface WebhookRegistration {
  createEndpoint(endpoint: {
    readonly id: string;
    readonly name: string;
    readonly url: string;
    readonly header: string;
    readonly key: string;
  }): Promise<void>;
  /** Dataverse never shows the key that it has. */
  setKey(endpointId: string, header: string, key: string): Promise<void>;
  deleteEndpoint(id: string): Promise<void>;
  /** Undefined where the table does not know the message. */
  findFilter(message: string, table: string): Promise<MessageFilter | undefined>;
  createStep(
    step: StepSettings & MessageFilter & { readonly id: string; readonly name: string; readonly endpointId: string },
  ): Promise<void>;
  hasStep(id: string): Promise<boolean>;
  /** Of a step that is there: a PATCH of an unknown GUID would create one. */
  changeStep(id: string, settings: StepSettings): Promise<void>;
  deleteStep(id: string): Promise<void>;
  close(): Promise<void>;
}

const WEBHOOK = 8;
const HTTP_HEADER = 5;
const JSON_FORMAT = 2;

const filterRows = z.object({ value: z.array(z.object({ sdkmessagefilterid: guid, _sdkmessageid_value: guid })) });

const stepRows = z.object({ value: z.array(z.object({ sdkmessageprocessingstepid: guid })) });

export function createWebhookRegistration(options: DataverseClientOptions): WebhookRegistration {
  const http = createDataverseTransport(options, 1);
  const write = async (method: 'POST' | 'PATCH', asked: string, path: string, body: unknown): Promise<void> => {
    await http.send({ method, path, asked, body, context: REPEATABLE });
  };
  const remove = (asked: string, path: string) => deleteIfThere(http, asked, path);
  return {
    createEndpoint: ({ id, name, url, header, key }) =>
      write('POST', 'register the webhook', 'serviceendpoints', {
        serviceendpointid: id,
        name,
        url,
        contract: WEBHOOK,
        authtype: HTTP_HEADER,
        authvalue: toAuthValue(header, key),
        messageformat: JSON_FORMAT,
        connectionmode: 1,
        userclaim: 1,
      }),
    setKey: (endpointId, header, key) =>
      write('PATCH', 'set the key of the webhook', `serviceendpoints(${endpointId})`, {
        authvalue: toAuthValue(header, key),
      }),
    deleteEndpoint: (id) => remove('delete the webhook', `serviceendpoints(${id})`),
    async findFilter(message, table) {
      const asked = 'look the message up';
      const filter = encodeURIComponent(`primaryobjecttypecode eq '${table}' and sdkmessageid/name eq '${message}'`);
      const path = `sdkmessagefilters?$select=_sdkmessageid_value&$filter=${filter}`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      const [row] = readWire('dataverse', asked, filterRows, body, requestId).value;
      return row && { messageId: row._sdkmessageid_value, filterId: row.sdkmessagefilterid };
    },
    createStep: ({ id, name, endpointId, messageId, filterId, ...settings }) =>
      write('POST', `register step ${name}`, 'sdkmessageprocessingsteps', {
        sdkmessageprocessingstepid: id,
        name,
        rank: 1,
        supporteddeployment: 0,
        asyncautodelete: true,
        ...toStepRow(settings),
        'eventhandler_serviceendpoint@odata.bind': `/serviceendpoints(${endpointId})`,
        'sdkmessageid@odata.bind': `/sdkmessages(${messageId})`,
        'sdkmessagefilterid@odata.bind': `/sdkmessagefilters(${filterId})`,
      }),
    async hasStep(id) {
      const asked = 'look the step up';
      const filter = encodeURIComponent(`sdkmessageprocessingstepid eq ${id}`);
      const path = `sdkmessageprocessingsteps?$select=sdkmessageprocessingstepid&$filter=${filter}`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      return readWire('dataverse', asked, stepRows, body, requestId).value.length > 0;
    },
    changeStep: (id, settings) =>
      write('PATCH', 'correct the step', `sdkmessageprocessingsteps(${id})`, toStepRow(settings)),
    deleteStep: (id) => remove('delete the step', `sdkmessageprocessingsteps(${id})`),
    close: () => http.close(),
  };
}

function toStepRow({ isAsynchronous, isEnabled, stage, attributes }: StepSettings): object {
  const state = isEnabled ? 'enabled' : 'disabled';
  return {
    stage,
    mode: isAsynchronous ? 1 : 0,
    filteringattributes: attributes.length > 0 ? attributes.join(',') : null,
    statecode: STATE_CODES.webhookStep[state],
    statuscode: STATUS_CODES.webhookStep[state],
  };
}

/** The key is ours: letters, digits and signs that XML leaves alone. */
function toAuthValue(header: string, key: string): string {
  const text = key.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  return `<settings><setting name="${header}" value="${text}" /></settings>`;
}
