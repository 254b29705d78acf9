import { z } from 'zod';
import { STATE_CODES } from '../../deal/state-codes.js';
import { RemoteApiError } from '../errors.js';
import { guid } from '../http/wire.js';
import { whoAmI } from './rows.js';
import { createDataverseTransport, createReader, type DataverseClientOptions } from './transport.js';

/** Questions about Dataverse itself that change nothing: who we are, what we may, what is registered. */

export interface ColumnFacts {
  /** `String`, `Memo`, `Decimal`, … */
  readonly type: string;
  readonly maxLength: number | undefined;
  readonly isWritable: boolean;
}

export interface WebhookEndpoint {
  readonly endpointId: string;
  readonly name: string;
  readonly url: string;
}

export interface WebhookStep {
  readonly stepId: string;
  readonly endpointId: string;
  readonly message: string;
  readonly table: string;
  readonly isEnabled: boolean;
  readonly isAsynchronous: boolean;
  /** 40 is after the operation. */
  readonly stage: number;
  readonly attributes: readonly string[];
}

export interface DataverseProbe {
  whoAmI(): Promise<{ readonly userId: string; readonly organizationId: string }>;
  /** One row of whatever a path names. */
  readOne(path: string): Promise<void>;
  /** One row by change tracking, which takes Read at organization level (reference/dataverse-sales 4.1). */
  readOneChange(set: string): Promise<void>;
  listTracked(): Promise<ReadonlySet<string>>;
  findColumn(table: string, column: string): Promise<ColumnFacts | undefined>;
  /** Privileges of all roles by name in lower case; undefined where the answer names none. */
  findPrivileges(userId: string): Promise<ReadonlySet<string> | undefined>;
  listEndpoints(): Promise<WebhookEndpoint[]>;
  listSteps(endpointId: string): Promise<WebhookStep[]>;
  /** Calls of these steps that failed for good (reference/dataverse-sales 5.7); at most a hundred are counted. */
  countFailedCalls(stepIds: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

const PARALLEL = 4;

const list = <T>(row: z.ZodType<T>) => z.object({ value: z.array(row) });
const tableRow = z.object({ LogicalName: z.string() });
const columnRow = z.object({
  AttributeType: z.string(),
  MaxLength: z.number().nullish(),
  IsValidForUpdate: z.boolean().nullish(),
});
const privileges = z.object({ RolePrivileges: z.array(z.object({ PrivilegeName: z.string().nullish() })) });
const endpointRow = z.object({ serviceendpointid: guid, name: z.string(), url: z.string().nullish() });
const stepRow = z.object({
  sdkmessageprocessingstepid: guid,
  stage: z.number(),
  mode: z.number(),
  statecode: z.number(),
  filteringattributes: z.string().nullish(),
  sdkmessageid: z.object({ name: z.string() }).nullish(),
  sdkmessagefilterid: z.object({ primaryobjecttypecode: z.string().nullish() }).nullish(),
});

const WEBHOOK_CONTRACT = 8;
const FAILED = 31;
const COUNTED = 100;

export function createDataverseProbe(options: DataverseClientOptions): DataverseProbe {
  const http = createDataverseTransport(options, PARALLEL);
  const get = createReader(http);
  return {
    async whoAmI() {
      const answer = await get('ask who we are', 'WhoAmI', whoAmI);
      return { userId: answer.UserId, organizationId: answer.OrganizationId };
    },
    async readOne(path) {
      await http.send({ method: 'GET', path, asked: `read ${path.split('?')[0]}` });
    },
    async readOneChange(set) {
      await http.send({
        method: 'GET',
        path: `${set}?$select=modifiedon`,
        asked: `read changes of ${set}`,
        headers: { prefer: 'odata.track-changes,odata.maxpagesize=1' },
      });
    },
    async listTracked() {
      const path = 'EntityDefinitions?$select=LogicalName,ChangeTrackingEnabled&$filter=ChangeTrackingEnabled eq true';
      const { value } = await get('read the tables', encodeURI(path), list(tableRow));
      return new Set(value.map((row) => row.LogicalName));
    },
    async findColumn(table, column) {
      const path = `EntityDefinitions(LogicalName='${table}')/Attributes(LogicalName='${column}')`;
      try {
        const row = await get('read a column', path, columnRow);
        return {
          type: row.AttributeType,
          maxLength: row.MaxLength ?? undefined,
          isWritable: row.IsValidForUpdate ?? true,
        };
      } catch (error) {
        if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
        throw error;
      }
    },
    async findPrivileges(userId) {
      const path = `systemusers(${userId})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()`;
      const { RolePrivileges } = await get('read our privileges', path, privileges);
      const names = RolePrivileges.flatMap(({ PrivilegeName: name }) => (name ? [name.toLowerCase()] : []));
      return names.length > 0 ? new Set(names) : undefined;
    },
    async listEndpoints() {
      const path = `serviceendpoints?$select=name,url&$filter=${encodeURIComponent(`contract eq ${WEBHOOK_CONTRACT}`)}`;
      const { value } = await get('read the webhooks', path, list(endpointRow));
      return value.map((row) => ({ endpointId: row.serviceendpointid, name: row.name, url: row.url ?? '' }));
    },
    async listSteps(endpointId) {
      const filter = encodeURIComponent(`_eventhandler_value eq ${endpointId}`);
      const expand = 'sdkmessageid($select=name),sdkmessagefilterid($select=primaryobjecttypecode)';
      const path = `sdkmessageprocessingsteps?$select=stage,mode,statecode,filteringattributes&$expand=${expand}&$filter=${filter}`;
      const { value } = await get('read the webhook steps', path, list(stepRow));
      return value.map((row) => ({
        stepId: row.sdkmessageprocessingstepid,
        endpointId,
        message: row.sdkmessageid?.name ?? '',
        table: row.sdkmessagefilterid?.primaryobjecttypecode ?? '',
        isEnabled: row.statecode === STATE_CODES.webhookStep.enabled,
        isAsynchronous: row.mode === 1,
        stage: row.stage,
        attributes: (row.filteringattributes ?? '').split(',').flatMap((name) => name.trim() || []),
      }));
    },
    async countFailedCalls(stepIds) {
      const of = stepIds.map((id) => `_owningextensionid_value eq ${id}`).join(' or ');
      const filter = encodeURIComponent(`statuscode eq ${FAILED} and (${of})`);
      const path = `asyncoperations?$select=statuscode&$top=${COUNTED}&$filter=${filter}`;
      return (await get('read failed webhook calls', path, list(z.unknown()))).value.length;
    },
    close: () => http.close(),
  };
}
