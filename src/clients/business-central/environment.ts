import { z } from 'zod';
import { RemoteApiError } from '../errors.js';
import { createTransport } from '../http/transport.js';
import { guid, readWire } from '../http/wire.js';
import { companyRow, errorEnvelope, listOf } from './rows.js';
import { createBusinessCentralTransport, type EnvironmentOptions } from './transport.js';

/** What stands beside the companies: which there are, and what kind of environment it is. */

export interface Company {
  readonly id: string;
  readonly name: string;
}

export async function listCompanies(options: EnvironmentOptions, asked: string): Promise<Company[]> {
  const http = createBusinessCentralTransport(options, '', 1);
  try {
    const { body, requestId } = await http.send({ method: 'GET', path: 'companies', asked });
    return readWire('business-central', asked, listOf(companyRow), body, requestId).value;
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
    const rows = readWire('business-central', asked, listOf(environmentRow), body, requestId).value;
    const row = rows.find(({ name }) => name.toLowerCase() === options.environment.toLowerCase());
    return row && { type: row.type, tenantId: row.aadTenantId };
  } catch (error) {
    if (error instanceof RemoteApiError && REFUSALS.has(error.code)) return undefined;
    throw error;
  } finally {
    await http.close();
  }
}

/** Not every registration may ask for the environments of its tenant. */
const REFUSALS: ReadonlySet<string> = new Set(['unauthorized', 'forbidden', 'not-found', 'rejected']);
