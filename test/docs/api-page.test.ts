import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createApi } from '../../src/http/api/api.js';
import { createLog } from '../../src/process/log.js';

/** The table of the API in docs/desk.md has every route, with what it can be asked. */

const page = readFileSync('docs/desk.md', 'utf8');
const rows = [...page.matchAll(/^\| (`(?:GET|POST|PUT|DELETE)\b.*?) \| (.*) \|$/gm)].map(
  ([, routes = '', says = '']) => ({
    routes,
    says,
  }),
);

const operation = z.object({ parameters: z.array(z.object({ in: z.string(), name: z.string() })).default([]) });
const document = z.object({ paths: z.record(z.string(), z.record(z.string(), operation)) });
// Nothing is asked of it: what its routes stand on may be nothing.
const api = createApi({
  dependencies: { ledger: {} } as never,
  issuer: undefined,
  findAway: () => undefined,
  log: createLog('test', 'fatal'),
});
const { paths } = document.parse(api.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'x', version: '1' } }));
const routes = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { parameters }]) => ({
    route: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    name:
      path
        .split('/')
        .filter((part) => !part.startsWith('{'))
        .at(-1) ?? '',
    asked: parameters.filter((one) => one.in === 'query').map(({ name }) => name),
  })),
);

describe('docs/desk.md', () => {
  it.each(routes)('has $route, and what it can be asked', ({ method, name, asked }) => {
    const own = rows.filter(({ routes: named }) => named.includes(method) && named.includes(`/${name}`));
    expect(own).not.toEqual([]);
    for (const parameter of asked)
      expect(own.map(({ says }) => says).join(' ')).toMatch(new RegExp(`\\b${parameter}\\b`));
  });

  it('names no route that the API lacks', () => {
    const names = rows.flatMap(({ routes: named }) => [...named.matchAll(/\/([a-z-]+)(?=`)/g)].map(([, name]) => name));
    const known = [...routes.map(({ name }) => name), 'pause', 'resume', 'nudge'];
    expect(names.filter((name) => !known.includes(name ?? ''))).toEqual([]);
  });
});
