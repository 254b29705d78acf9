import type { SimRequest, SimResponse } from '../kernel/server.js';
import { BcError } from './errors.js';
import { readBody } from './masters.js';
import type { Company } from './store.js';
import type { Switches } from './switches.js';

/** `$batch` in JSON with its traps (reference/business-central 7). */

interface Operation {
  readonly id: unknown;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

export interface BatchRun {
  readonly company: Company;
  readonly switches: Switches;
  readonly request: SimRequest;
  /** Where relative URLs hang: the path of the service root. */
  readonly root: string;
  /** What `$batch?company=` names, for operations that name none of their own. */
  readonly named: string | undefined;
  readonly most: number;
  readonly handle: (request: SimRequest) => Promise<SimResponse>;
}

export async function runBatch({
  company,
  switches,
  request,
  root,
  named,
  most,
  handle,
}: BatchRun): Promise<SimResponse> {
  const operations = readOperations(request.body.toString('utf8'));
  if (operations.length > most) {
    throw new BcError(
      switches.batchTooLargeStatus,
      'Unknown',
      `The current batch message contains too many parts. A maximum number of '${most}' query operations and change sets are allowed in a batch message.`,
    );
  }
  const goesOn = /odata\.continue-on-error(?!=false)/i.test(request.headers['prefer'] ?? '');
  const isSnapshot = /snapshot/i.test(request.headers['isolation'] ?? '');
  if (isSnapshot) company.begin();
  const responses: object[] = [];
  let hasFailed = false;
  for (const operation of operations) {
    const answer = await handle(toRequest(operation, root, named, request));
    responses.push(toAnswer(operation, answer));
    if (answer.status < 400) continue;
    hasFailed = true;
    if (!goesOn) break;
  }
  // What succeeded before and is rolled back now still shows its 201 in the answer.
  if (isSnapshot && hasFailed) company.rollBack();
  else if (isSnapshot) company.end();
  return { status: 200, body: { responses } };
}

function readOperations(text: string): Operation[] {
  const { requests } = readBody(text);
  if (!Array.isArray(requests)) throw new BcError(400, 'BadRequest', 'Invalid Request Body');
  return requests.map((one: unknown) => {
    if (typeof one !== 'object' || one === null) throw new BcError(400, 'BadRequest', 'Invalid Request Body');
    const { id = null, method, url, headers, body } = one as Record<string, unknown>;
    if (typeof method !== 'string' || typeof url !== 'string')
      throw new BcError(400, 'BadRequest', 'Invalid Request Body');
    const given = typeof headers === 'object' && headers !== null ? Object.entries(headers) : [];
    return {
      id,
      method: method.toUpperCase(),
      url,
      headers: Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), String(value)])),
      body,
    };
  });
}

/** Relative to the service root; the company in the path goes before a `Company` header, and that before the batch's. */
function toRequest(operation: Operation, root: string, named: string | undefined, outer: SimRequest): SimRequest {
  const { url, headers } = operation;
  const path = /^https?:/.test(url) ? url.replace(/^https?:\/\/[^/]+/, '') : `${root}/${url.replace(/^\/+/, '')}`;
  const company = headers['company'] ?? named;
  const hasCompany = /companies\(|[?&]company=/.test(path);
  const rawUrl =
    company && !hasCompany ? `${path}${path.includes('?') ? '&' : '?'}company=${encodeURIComponent(company)}` : path;
  const body =
    operation.body === undefined
      ? ''
      : typeof operation.body === 'string'
        ? operation.body
        : JSON.stringify(operation.body);
  return {
    method: operation.method,
    rawUrl,
    headers: { ...headers, authorization: outer.headers['authorization'], host: outer.headers['host'] },
    body: Buffer.from(body),
  };
}

function toAnswer(operation: Operation, answer: SimResponse): object {
  const headers = {
    'content-type': 'application/json; odata.metadata=minimal',
    'odata-version': '4.0',
    ...answer.headers,
  };
  const body =
    typeof answer.body === 'string' && answer.body !== '' ? (JSON.parse(answer.body) as unknown) : answer.body;
  return { id: operation.id, status: answer.status, headers, ...(body !== undefined && body !== '' && { body }) };
}
