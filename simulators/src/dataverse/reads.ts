import type { SimRequest, SimResponse } from '../kernel/server.js';
import type { Segment } from '../odata/path.js';
import type { QueryOptions } from '../odata/query.js';
import { type Api, answer, prefers } from './answers.js';
import { apply } from './apply.js';
import { checkTracking, findChanges, firstPosition, positionOfSkip, positionOfToken } from './changes.js';
import { GUID } from './column-values.js';
import { findByKey, noSuchKey } from './payload.js';
import { DataverseError, type Row } from './store.js';
import type { Table } from './tables.js';
import { pageCookie, selectRows, toWire, type WireOptions } from './wire.js';

/** Rows, lists, pages and deltas (reference/dataverse-sales 4 and 8). */

export const PAGE = 5_000;

export function annotationsOf(request: SimRequest): RegExp | undefined {
  const asked = /odata\.include-annotations="?([^";]+)"?/i.exec(request.headers['prefer'] ?? '')?.[1];
  if (asked === undefined) return undefined;
  const patterns = asked.split(',').map((name) =>
    name
      .trim()
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*'),
  );
  return new RegExp(`^(?:${patterns.join('|')})$`);
}

export function pageSize(request: SimRequest): number {
  const wanted = Number(/odata\.maxpagesize=(\d+)/i.exec(request.headers['prefer'] ?? '')?.[1] ?? PAGE);
  return Math.min(Math.max(wanted, 1), PAGE);
}

/** Which page of a predefined query is asked for, and how the next one is. */
export interface AskedPage {
  readonly size: number;
  readonly number: number;
  readonly next: (api: Api, path: string, cookie: string) => string;
}

export function pageOf(request: SimRequest, options: QueryOptions): AskedPage {
  const number = Number(/pagenumber="(\d+)"/.exec(options.other['$skiptoken'] ?? '')?.[1] ?? 1);
  return {
    size: pageSize(request),
    number,
    next: (api, path, cookie) => nextLink(api, request, path, cookie),
  };
}

export function applied(request: SimRequest): Record<string, string> {
  const names = ['odata.include-annotations', 'odata.maxpagesize', 'odata.track-changes', 'return=representation'];
  const given = (request.headers['prefer'] ?? '').split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((part) => part.trim());
  const taken = given.filter((part) => names.some((name) => part.startsWith(name)));
  return taken.length > 0 ? { 'preference-applied': taken.join(',') } : {};
}

export function contextOf(api: Api, table: Table, options: QueryOptions, suffix = ''): string {
  const columns = options.select ? `(${options.select.join(',')})` : '';
  return `${api.url}/$metadata#${table.set}${columns}${suffix}`;
}

export function list(
  api: Api,
  request: SimRequest,
  table: Table,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  return listRows(api, request, table, api.store.all(table.name), options, wire, table.set);
}

/** Some rows of a table, those of a set or of a collection navigation property, whose address the pages bear. */
export function listRows(
  api: Api,
  request: SimRequest,
  table: Table,
  rows: Iterable<Row>,
  options: QueryOptions,
  wire: WireOptions,
  path: string,
): SimResponse {
  const transformation = options.other['$apply'];
  if (transformation !== undefined) {
    return answer(200, {
      '@odata.context': contextOf(api, table, { other: {} }),
      value: apply(table, rows, transformation, wire),
    });
  }
  const found = selectRows(table, rows, options, wire);
  const isSized = prefers(request, /odata\.maxpagesize/i);
  const size = pageSize(request);
  // `$top` is ignored together with maxpagesize.
  const top = isSized ? undefined : options.top;
  const from = skipOf(options.other['$skiptoken']);
  const page = found.slice(from, from + Math.min(top ?? size, PAGE));
  const isCut = top === undefined && found.length > from + page.length;
  const body = {
    '@odata.context': contextOf(api, table, options),
    ...(options.count && { '@odata.count': Math.min(found.length, PAGE) }),
    ...(options.count &&
      wire.annotations && {
        '@Microsoft.Dynamics.CRM.totalrecordcount': found.length > PAGE ? -1 : found.length,
        '@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded': found.length > PAGE,
      }),
    value: page.map((row) => toWire(table, row, options, wire)),
    ...(isCut && { '@odata.nextLink': nextLink(api, request, path, pageCookie(from + page.length, size, false)) }),
  };
  return answer(200, body, applied(request));
}

export function skipOf(token: string | undefined): number {
  if (token === undefined) return 0;
  const from = /pagingcookie="(\d+)"/.exec(token)?.[1];
  if (from === undefined)
    throw new DataverseError(
      400,
      '0x8004430a',
      'Paging cookie is required when trying to retrieve a set of records on any high pages.',
    );
  return Number(from);
}

export function nextLink(api: Api, request: SimRequest, path: string, token: string): string {
  const at = request.rawUrl.indexOf('?');
  const kept = (at < 0 ? '' : request.rawUrl.slice(at + 1))
    .split('&')
    .filter((part) => part !== '' && !/^(?:\$|%24)(?:skiptoken|deltatoken)=/i.test(part));
  return `${api.url}/${path}?${[...kept, `$skiptoken=${encodeURIComponent(token)}`].join('&')}`;
}

export function isTracked(request: SimRequest, options: QueryOptions): boolean {
  return (
    prefers(request, /odata\.track-changes/i) ||
    options.other['$deltatoken'] !== undefined ||
    /istracking="True"/.test(options.other['$skiptoken'] ?? '')
  );
}

export function changes(
  api: Api,
  request: SimRequest,
  table: Table,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  checkTracking(table, options);
  const { $skiptoken: skip, $deltatoken: token } = options.other;
  const cookie = skip === undefined ? undefined : positionOfSkip(/pagingcookie="([\d.]+)"/.exec(skip)?.[1] ?? '');
  if (skip !== undefined && !cookie) throw new DataverseError(400, '0x80060888', 'The skip token is not valid.');
  const position =
    cookie ?? (token === undefined ? firstPosition(api.store) : positionOfToken(api.store, token, api.changes));
  const isDelta = position.since > 0;
  const found = findChanges(api.store, table, position, pageSize(request), api.changes.linkOnEveryPage);
  const select = options.select ? `$select=${options.select.join(',')}&` : '';
  const isLinkHidden = wire.annotations && api.changes.annotationsHideLink;
  const deltaLink =
    !isLinkHidden &&
    found.deltaToken &&
    `${api.url}/${table.set}?${select}$deltatoken=${encodeURIComponent(found.deltaToken)}`;
  const cookieText = found.skipToken && `<cookie pagenumber="2" pagingcookie="${found.skipToken}" istracking="True" />`;
  const body = {
    '@odata.context': contextOf(api, table, options, isDelta ? '/$delta' : ''),
    ...(deltaLink && { '@odata.deltaLink': deltaLink }),
    value: [
      ...found.rows.map((row) => toWire(table, row, options, wire)),
      ...found.deleted.map((id) => ({
        '@odata.context': `${api.url}/$metadata#${table.set}/$deletedEntity`,
        id,
        reason: 'deleted',
      })),
    ],
    ...(cookieText && {
      '@odata.nextLink': `${api.url}/${table.set}?${select}$skiptoken=${encodeURIComponent(cookieText)}`,
    }),
  };
  return answer(200, body, applied(request));
}

export function read(
  api: Api,
  request: SimRequest,
  table: Table,
  segment: Segment,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const row = getRow(api, table, segment);
  const known = request.headers['if-none-match'];
  if (known === `W/"${row['versionnumber']}"` && !options.expand && !wire.annotations) return { status: 304 };
  const body = { '@odata.context': contextOf(api, table, options, '/$entity'), ...toWire(table, row, options, wire) };
  return answer(200, body, applied(request));
}

export function getRow(api: Api, table: Table, segment: Segment): Row {
  const row = findRow(api, table, segment);
  if (row) return row;
  if (segment.key === undefined) throw noSuchKey(table);
  return api.store.get(table, segment.key);
}

/** The row that a path names by its id or by an alternate key. */
export function findRow(api: Api, table: Table, { key, keys }: Segment): Row | undefined {
  if (key === undefined) return findByKey(api.store, table, keys ?? {});
  if (!GUID.test(key))
    throw new DataverseError(400, '0x80060888', `Bad Request - Error in query syntax. '${key}' is no GUID.`);
  return api.store.find(table.name, key);
}

export function countChanges(api: Api, table: Table, token: string): number {
  const found = findChanges(api.store, table, positionOfToken(api.store, token, api.changes), Number.POSITIVE_INFINITY);
  return found.rows.length + found.deleted.length;
}
