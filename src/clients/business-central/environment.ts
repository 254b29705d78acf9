import { z } from 'zod';
import { RemoteApiError } from '../errors.js';
import { createTransport } from '../http/transport.js';
import { guid, readWire } from '../http/wire.js';
import { companyRow, errorEnvelope, readableListOf } from './rows.js';
import { createBusinessCentralTransport, type EnvironmentOptions } from './transport.js';

/** What stands beside the companies: which there are, and what kind of environment it is. */

export interface Company {
  readonly id: string;
  readonly name: string;
}

/** Those that can be read. */
export async function listCompanies(options: EnvironmentOptions): Promise<readonly Company[]> {
  return (await readCompanies(options, 'list the companies')).companies;
}

/**
 * The company by its name or id, beside all that there are.
 * @throws RemoteApiError also when it is none of those that can be read, and not all can: it may be one of the others
 */
export async function lookUpCompany(
  options: EnvironmentOptions,
  wanted: string,
): Promise<{ readonly company: Company | undefined; readonly companies: readonly Company[] }> {
  const asked = 'look the company up';
  const { companies, unreadable, requestId } = await readCompanies(options, asked);
  const company = companies.find(({ id, name }) => name === wanted || id === wanted.toLowerCase());
  if (!company && unreadable > 0) {
    const rows = unreadable === 1 ? '1 row' : `${unreadable} rows`;
    const names = companies.map(({ name }) => `'${name}'`).join(', ');
    const found = `'${wanted}' is none of ${names || 'those that can be read'}, and ${rows} could not be read`;
    throw new RemoteApiError('business-central', 'unreadable', `${asked} (${found})`, { requestId });
  }
  return { company, companies };
}

async function readCompanies(options: EnvironmentOptions, asked: string) {
  const http = createBusinessCentralTransport(options, '', 1);
  try {
    const { body, requestId } = await http.send({ method: 'GET', path: 'companies', asked });
    const list = readWire('business-central', asked, readableListOf(companyRow), body, requestId);
    return { companies: list.value, unreadable: list.unreadable, requestId };
  } finally {
    await http.close();
  }
}

export interface EnvironmentKind {
  /** `Production` or `Sandbox`. */
  readonly type: string;
  readonly tenantId: string;
}

const environmentRow = z.object({ aadTenantId: guid, type: z.string(), name: z.string() });

/**
 * Environment discovery (reference/business-central 1.1). Undefined when we may not ask or it does not name the
 * environment.
 */
export async function findEnvironmentKind(
  options: EnvironmentOptions & { readonly apiUrl: string; readonly environment: string },
): Promise<EnvironmentKind | undefined> {
  const asked = 'look the environment up';
  const http = createTransport({
    api: 'business-central',
    baseUrl: `${options.apiUrl}/environments/`,
    tokens: options.tokens,
    timeoutMs: options.timeoutMs,
    parallel: 1,
    laneName: options.laneName,
    headers: {},
    readError: (_status, body) => errorEnvelope.safeParse(body).data?.error ?? {},
  });
  try {
    const { body, requestId } = await http.send({ method: 'GET', path: 'v1.2', asked });
    const rows = readWire('business-central', asked, readableListOf(environmentRow), body, requestId).value;
    const row = rows.find(({ name }) => name.toLowerCase() === options.environment.toLowerCase());
    return row && { type: row.type, tenantId: row.aadTenantId };
  } catch (error) {
    if (error instanceof RemoteApiError && (REFUSALS.has(error.code) || isWordless(error))) return undefined;
    throw error;
  } finally {
    await http.close();
  }
}

/** Not every registration may ask for the environments of its tenant. */
const REFUSALS: ReadonlySet<string> = new Set(['unauthorized', 'forbidden', 'not-found', 'rejected']);

/** The list is a service of its own, and its refusals need not be in the words of Business Central. */
function isWordless({ facts: { status } }: RemoteApiError): boolean {
  return status === 403 || status === 404;
}
