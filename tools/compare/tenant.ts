import { UserError } from '../../src/deal/errors.js';
import { toEnvironmentUrl } from '../../src/process/config.js';

/** The tenant that a file of settings names, in the words of Dealbridge's own settings. */
export interface Tenant {
  /** For the contract suites, by the names that they read. */
  readonly settings: Readonly<Record<string, string>>;
  readonly companyName: string;
  /** Business Central says `Sandbox` or `Production`; what it does not say counts as production. Dataverse says nothing. */
  readonly isProduction: boolean;
}

const BC_SCOPE = 'https://api.businesscentral.dynamics.com/.default';

type Settings = Readonly<Record<string, string | undefined>>;

/** Reads only. @throws UserError */
export async function openTenant(settings: Settings): Promise<Tenant> {
  const need = (name: string): string => {
    const value = settings[name];
    if (!value) throw new UserError(name, 'a value in the file that --env names', value);
    return value;
  };
  const login = settings['ENTRA_LOGIN_URL'] ?? 'https://login.microsoftonline.com';
  const [tenantId, dataverseUrl] = [need('ENTRA_TENANT_ID'), need('DATAVERSE_URL')];
  const [apiUrl, environment] = [
    settings['BC_URL'] ?? 'https://api.businesscentral.dynamics.com',
    need('BC_ENVIRONMENT'),
  ];
  const app = (name: 'DATAVERSE' | 'BC'): App => ({
    id: need(`${name}_CLIENT_ID`),
    secret: need(`${name}_CLIENT_SECRET`),
    name,
  });
  const [salesApp, bcApp] = [app('DATAVERSE'), app('BC')];
  const endpoint = `${login}/${tenantId}/oauth2/v2.0/token`;
  const salesToken = await getToken(endpoint, salesApp, `${dataverseUrl}/.default`);
  const bcToken = await getToken(endpoint, bcApp, BC_SCOPE);
  const root = `${toEnvironmentUrl(apiUrl, tenantId, environment)}/api/v2.0`;
  const company = await findCompany(root, bcToken, need('BC_COMPANY'));
  const first = (set: string, filter: string): Promise<string> =>
    findFirst(`${root}/companies(${company.id})/${set}?$top=1&$filter=${encodeURIComponent(filter)}`, bcToken, [
      'number',
    ]);
  return {
    companyName: company.name,
    isProduction: !(await isSandbox(`${apiUrl}/environments/v1.1`, bcToken, environment)),
    settings: {
      DATAVERSE_CONTRACT_ROOT: `${dataverseUrl}/api/data/v9.2`,
      DATAVERSE_CONTRACT_TOKEN: salesToken,
      DATAVERSE_CONTRACT_PRODUCT: await findFirst(
        `${dataverseUrl}/api/data/v9.2/productpricelevels?$top=1`,
        salesToken,
        ['_productid_value', '_uomid_value', '_pricelevelid_value', '_transactioncurrencyid_value'],
      ),
      BC_CONTRACT_ROOT: root,
      BC_CONTRACT_COMPANY_ID: company.id,
      BC_CONTRACT_TOKEN: bcToken,
      BC_CONTRACT_ITEM: await first('items', "type eq 'Inventory' and blocked eq false"),
      BC_CONTRACT_CUSTOMER: await first('customers', "blocked eq '_x0020_'"),
      ENTRA_CONTRACT_ORIGIN: login,
      ENTRA_CONTRACT_TENANT: tenantId,
      ENTRA_CONTRACT_APP: `${salesApp.id},${salesApp.secret}`,
      ENTRA_CONTRACT_SCOPE: `${dataverseUrl}/.default`,
      ...(settings['COMPARE_CERTIFICATE_FILE'] && { ENTRA_CONTRACT_PEM: settings['COMPARE_CERTIFICATE_FILE'] }),
    },
  };
}

interface App {
  readonly name: string;
  readonly id: string;
  readonly secret: string;
}

async function getToken(endpoint: string, { name, id, secret }: App, scope: string): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret, scope });
  const response = await fetch(endpoint, { method: 'POST', body: form });
  const body = (await response.json()) as { access_token?: string; error_description?: string };
  if (body.access_token) return body.access_token;
  throw new UserError(`${name}_CLIENT_SECRET`, 'a secret that Entra takes', body.error_description);
}

async function get<Row>(url: string, token: string): Promise<readonly Row[]> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}`, accept: 'application/json' } });
  if (!response.ok) throw new UserError(url.split('?')[0] ?? url, 'an answer with rows', `status ${response.status}`);
  return ((await response.json()) as { value: readonly Row[] }).value;
}

async function findCompany(root: string, token: string, wanted: string): Promise<{ id: string; name: string }> {
  const companies = await get<{ id: string; name: string }>(`${root}/companies`, token);
  const company = companies.find(({ id, name }) => id === wanted || name === wanted);
  if (company) return company;
  throw new UserError('BC_COMPANY', `one of ${companies.map(({ name }) => `'${name}'`).join(', ')}`, wanted);
}

async function findFirst(url: string, token: string, fields: readonly string[]): Promise<string> {
  const [row] = await get<Record<string, unknown>>(url, token);
  if (!row) throw new UserError(url.split('?')[0] ?? url, 'at least one row for the cases to work with', 'none');
  return fields.map((field) => String(row[field])).join(',');
}

async function isSandbox(url: string, token: string, environment: string): Promise<boolean> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) return false;
  const { value } = (await response.json()) as { value: readonly { name: string; type: string }[] };
  return value.some(({ name, type }) => name.toLowerCase() === environment.toLowerCase() && type === 'Sandbox');
}
