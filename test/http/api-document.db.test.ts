import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '../support/api-routes.js';
import { type DeskStage, openDeskStage } from '../support/desk.js';
import { type Components, findSchemaFaults, type JsonSchema } from '../support/schema-faults.js';
import { seedProblem } from '../support/seeded-masters.js';
import { createTestIssuer } from '../support/test-issuer.js';

/** What the routes answer is what the document says of them, no more and no less. */

interface Described {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Components };
}

const issuer = createTestIssuer();
let stage: DeskStage;
let document: Document;

async function ask(method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
  return fetch(`${stage.origin}/api/v1${path}`, {
    method,
    headers: { authorization: 'Bearer one', ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
}

beforeAll(async () => {
  stage = await openDeskStage({ issuer });
  issuer.next = { name: 'Ann Gray', roles: ['Admin'] };
  document = (await (await ask('GET', '/openapi.json')).json()) as Document;
  // What is listed is not to be empty.
  const deal = await stage.waiting.addWaiting();
  for (const [path, body] of [
    ['/views/all', { query: 'view=all' }],
    [`/deals/${deal}/assignee`, { to: 'me' }],
  ] as const)
    expect((await ask('PUT', path, body)).status).toBe(200);
  expect((await ask('POST', `/deals/${deal}/notes`, { text: 'asked Mr Brown' })).status).toBe(201);
  await seedProblem(stage.database);
});
afterAll(() => stage?.close());

/** Of the path as it was asked for, with its placeholders. */
function findDescribed(method: string, path: string): Described | undefined {
  const [asked = ''] = path.split('?', 1);
  const isSame = (pattern: string) => new RegExp(`^${pattern.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(asked);
  const found = Object.entries(document.paths).filter(([pattern]) => isSame(pattern));
  return found.find(([, methods]) => methods[method.toLowerCase()])?.[1][method.toLowerCase()];
}

async function findFaults(method: string, path: string, answer: Response): Promise<string[]> {
  const text = await answer.text();
  const shown = `${method} ${path} ${answer.status}`;
  const described = findDescribed(method, path)?.responses[String(answer.status)];
  if (!described) return [`${shown} is not in the document: ${text.slice(0, 200)}`];
  const [type = '', content] = Object.entries(described.content ?? {})[0] ?? [];
  if (!content) return text === '' ? [] : [`${shown} has a body`];
  if (!answer.headers.get('content-type')?.startsWith(type)) return [`${shown} is no ${type}`];
  const faults = findSchemaFaults(content.schema, JSON.parse(text), document.components.schemas);
  return faults.map((fault) => `${shown} ${fault}`);
}

describe('every route answers what the document says', () => {
  it('and another answer would be found', async () => {
    issuer.next = { name: 'Ann Gray', roles: ['Admin'] };
    const { deals } = (await (await ask('GET', '/deals')).json()) as { readonly deals: readonly object[] };
    const otherwise = { ...deals[0], since: 'yesterday', state: 'lost', hint: 1, recordId: undefined };
    const { Deal = {} } = document.components.schemas;
    expect(findSchemaFaults(Deal, deals[0], document.components.schemas)).toEqual([]);
    expect(findSchemaFaults(Deal, JSON.parse(JSON.stringify(otherwise)), document.components.schemas).sort()).toEqual([
      '$.hint is not in the document',
      '$.recordId is missing',
      "$.since: 'yesterday' is no date-time",
      '$.state: "lost" is not listed',
    ]);
  });

  it.each(ROUTES.map(([method, path, body]) => ({ method, path, body })))('$method $path', async (route) => {
    const { method, body } = route;
    issuer.next = { name: 'Ann Gray', roles: ['Admin'] };
    const waiting = await stage.waiting.addWaiting();
    const held = await stage.waiting.addHeld('customer-missing');
    const account = route.path.includes(':account') ? await seedProblem(stage.database) : '';
    const path = route.path.replace(':waiting', waiting).replace(':held', held).replace(':account', account);
    const etag = (await ask('GET', `/deals/${waiting}`)).headers.get('etag') ?? '';
    const answers = [await ask(method, path, body, { 'if-match': etag })];
    answers.push(await ask(method, path, body, { authorization: 'Basic one' }));
    issuer.next = { name: 'Ann Gray', roles: [] };
    answers.push(await ask(method, path, body, { 'if-match': etag }));
    const faults = await Promise.all(answers.map((answer) => findFaults(method, path, answer)));
    expect(faults.flat()).toEqual([]);
    expect(answers.map(({ status }) => Math.floor(status / 100))).toEqual([2, 4, 4]);
  });
});
