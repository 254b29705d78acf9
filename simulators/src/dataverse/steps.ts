import { guidFrom } from '../kernel/random.js';
import type { Row, Store } from './store.js';
import type { WebhookRegistration } from './webhooks.js';

/** Webhook registration through the API itself: endpoints, messages and steps (reference/dataverse-sales 5.1). */

const MESSAGES = [
  'Create',
  'Update',
  'Delete',
  'Win',
  'Lose',
  'Close',
  'Cancel',
  'Assign',
  'SetState',
  'SetStateDynamicEntity',
];
const TABLES = ['opportunity', 'quote', 'salesorder', 'invoice', 'account', 'contact', 'product'];
/** Of which tables these are events (reference/dataverse-sales 3.8); the others are of all. */
const ONLY_OF: Readonly<Record<string, readonly string[]>> = {
  Win: ['opportunity', 'quote'],
  Lose: ['opportunity'],
  Close: ['quote'],
  Cancel: ['salesorder'],
};

export function seedMessages(store: Store): void {
  for (const name of MESSAGES) {
    const id = guidFrom(`message/${name}`);
    store.insert(store.schema.table('sdkmessage'), { sdkmessageid: id, name }, true);
    for (const table of ONLY_OF[name] ?? TABLES) {
      const filter = {
        sdkmessagefilterid: guidFrom(`filter/${name}/${table}`),
        sdkmessageid: id,
        primaryobjecttypecode: table,
      };
      store.insert(store.schema.table('sdkmessagefilter'), filter, true);
    }
  }
}

const AUTH = { 4: 'WebhookKey', 5: 'HttpHeader', 6: 'HttpQueryString' } as const;
const ENABLED = 0;

/** What the enabled steps amount to. */
export function stepRegistrations(store: Store): WebhookRegistration[] {
  const found: WebhookRegistration[] = [];
  for (const step of store.all('sdkmessageprocessingstep')) {
    const endpoint = store.find('serviceendpoint', String(step['eventhandler']));
    const message = store.find('sdkmessage', String(step['sdkmessageid']));
    const filter = store.find('sdkmessagefilter', String(step['sdkmessagefilterid']));
    if (!endpoint || !message || !filter || step['statecode'] !== ENABLED) continue;
    const attributes = String(step['filteringattributes'] ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    found.push({
      url: String(endpoint['url']),
      ...authOf(endpoint),
      step: {
        id: String(step['sdkmessageprocessingstepid']),
        message: String(message['name']),
        table: String(filter['primaryobjecttypecode']),
        attributes,
      },
    });
  }
  return found;
}

function authOf(endpoint: Row): Pick<WebhookRegistration, 'authtype' | 'name' | 'value'> {
  const authtype = AUTH[endpoint['authtype'] as keyof typeof AUTH] ?? 'WebhookKey';
  const value = String(endpoint['authvalue'] ?? '');
  const setting = /name="([^"]*)"\s+value="([^"]*)"/.exec(value);
  if (authtype === 'WebhookKey' || !setting) return { authtype, value };
  return { authtype, name: setting[1] ?? '', value: setting[2] ?? '' };
}
