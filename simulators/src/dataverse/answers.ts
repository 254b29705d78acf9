import { randomUUID } from 'node:crypto';
import type { SimRequest, SimResponse } from '../kernel/server.js';
import type { ActionSwitches, SalesEvent } from './actions.js';
import type { ChangeSettings } from './changes.js';
import { DataverseError, type Store } from './store.js';
import { toJsonText } from './wire.js';

/** What every route needs: the environment it works on, and how answers look. */
/** The resources of the Web API (reference/dataverse-sales 7 and 8). */
export interface Api {
  readonly store: Store;
  /** `https://…/api/data/v9.2` */
  readonly url: string;
  readonly announce: (event: SalesEvent) => void;
  readonly switches: ActionSwitches;
  readonly changes: ChangeSettings;
  /** What the roles of the Application User lack, as `account:Write`. */
  readonly denied: readonly string[];
}

/** An answer with its body before it became text, for those who ask for another format than the usual. */
export interface DataverseAnswer extends SimResponse {
  readonly json?: object;
}

export function answer(status: number, body?: object, headers: Record<string, string> = {}): DataverseAnswer {
  const requestId = randomUUID();
  return {
    status,
    headers: {
      'odata-version': '4.0',
      ...(body !== undefined && { 'content-type': 'application/json; odata.metadata=minimal' }),
      'x-ms-service-request-id': requestId,
      req_id: requestId,
      ...headers,
    },
    ...(body !== undefined && { json: body, body: toJsonText(body) }),
  };
}

export const prefers = (request: SimRequest, what: RegExp): boolean => what.test(request.headers['prefer'] ?? '');

export function noSegment(name: string): DataverseError {
  return new DataverseError(404, '0x80060888', `Resource not found for the segment '${name}'.`);
}

export function readJson(request: SimRequest): Record<string, unknown> {
  const text = request.body.toString('utf8');
  let parsed: unknown;
  try {
    parsed = text.trim() === '' ? {} : JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new DataverseError(
    400,
    '0x80048d19',
    "Error identified in Payload provided by the user for Entity :'', ---->  InnerException : Microsoft.OData.ODataException: The payload is no JSON object.",
  );
}
