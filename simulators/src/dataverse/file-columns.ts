import { randomUUID } from 'node:crypto';
import type { SimRequest, SimResponse } from '../kernel/server.js';
import { type Api, answer } from './answers.js';
import { kindOf } from './column-writes.js';
import { FILE } from './metadata.js';
import { DataverseError, type Row } from './store.js';
import type { Column, Table } from './tables.js';
import { notAllowed } from './writes.js';

/** Columns that hold a file, whole or in chunks (MicrosoftDocs/powerapps-docs, file-column-data.md). */

const CHUNK = 4_194_304;
const DEFAULT_KILOBYTES = 32_768;

/** What came of a file that is sent in chunks. */
interface Upload {
  readonly parts: Buffer[];
  received: number;
}

const UPLOADS = new WeakMap<object, Map<string, Upload>>();

export function isFileColumn(column: Column): boolean {
  return column.given !== undefined && kindOf(column.given) === FILE;
}

export function routeFile(
  api: Api,
  request: SimRequest,
  table: Table,
  row: Row,
  column: Column,
  third: string | undefined,
): SimResponse {
  switch (request.method) {
    case 'GET':
      return third === '$value' ? download(api, request, row, column) : value(api, table, row, column);
    case 'PUT':
    case 'PATCH':
      return upload(api, request, table, row, column);
    case 'DELETE':
      api.store.files.delete(String(row[column.name]));
      api.store.update(table, row, { [column.name]: null, [`${column.name}_name`]: null });
      return answer(204);
    default:
      throw notAllowed(request.method);
  }
}

function value(api: Api, table: Table, row: Row, { name }: Column): SimResponse {
  const id = row[name];
  if (id === null || id === undefined) return answer(204);
  const context = `${api.url}/$metadata#${table.set}(${row[table.id]})/${name}`;
  return answer(200, { '@odata.context': context, value: id });
}

function upload(api: Api, request: SimRequest, table: Table, row: Row, column: Column): SimResponse {
  const { searchParams } = new URL(request.rawUrl, api.url);
  if (request.headers['if-none-match'] === 'null' && (row[column.name] ?? null) !== null)
    throw new DataverseError(412, '0x80040237', 'A record with matching key values already exists.');
  const uploads = uploadsOf(api);
  if (request.headers['x-ms-transfer-mode'] === 'chunked') {
    const token = randomUUID();
    uploads.set(token, { parts: [], received: 0 });
    return answer(200, undefined, {
      location: `${api.url}/${table.set}(${row[table.id]})/${column.name}?sessiontoken=${token}`,
      'x-ms-chunk-size': String(CHUNK),
      'accept-ranges': 'bytes',
      'access-control-expose-headers': 'x-ms-chunk-size',
    });
  }
  const name = request.headers['x-ms-file-name'] ?? searchParams.get('x-ms-file-name');
  if (!name)
    throw new DataverseError(400, '0x80048d19', "The header 'x-ms-file-name' with the name of the file is missing.");
  const token = searchParams.get('sessiontoken');
  const content = token === null ? request.body : collect(uploads, token, request);
  if (!content) return answer(206);
  const limit = Number(column.given?.['MaxSizeInKB'] ?? DEFAULT_KILOBYTES) * 1_024;
  if (content.length > limit) throw new DataverseError(400, '0x80044a02', 'Attachment file size is too big.');
  const id = randomUUID();
  api.store.files.delete(String(row[column.name]));
  api.store.files.set(id, { name, content });
  api.store.update(table, row, { [column.name]: id, [`${column.name}_name`]: name });
  return answer(204);
}

function uploadsOf({ store }: Api): Map<string, Upload> {
  const known = UPLOADS.get(store) ?? new Map<string, Upload>();
  UPLOADS.set(store, known);
  return known;
}

/** @returns the file, once its last chunk is there. */
function collect(uploads: Map<string, Upload>, token: string, request: SimRequest): Buffer | undefined {
  const under = uploads.get(token);
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(request.headers['content-range'] ?? '');
  const [from, to, size] = (range ?? []).slice(1).map(Number);
  if (!under || from === undefined || to === undefined || size === undefined)
    throw new DataverseError(
      400,
      '0x80048d19',
      'A chunk needs the session token of its upload and Content-Range, bytes <from>-<to>/<size>.',
    );
  if (from !== under.received || to - from + 1 !== request.body.length)
    throw new DataverseError(
      400,
      '0x80048d19',
      `The chunk has ${request.body.length} bytes from ${from} on: ${under.received} bytes are there.`,
    );
  under.parts.push(request.body);
  under.received = to + 1;
  if (under.received < size) return undefined;
  uploads.delete(token);
  return Buffer.concat(under.parts);
}

/** The whole, or the range that is asked for. */
function download({ store }: Api, request: SimRequest, row: Row, { name }: Column): SimResponse {
  const file = store.files.get(String(row[name]));
  if (!file) return answer(204);
  const { content } = file;
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers['range'] ?? '');
  const headers = {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename=${file.name}`,
    'x-ms-file-name': file.name,
    'x-ms-file-size': String(content.length),
    'odata-version': '4.0',
  };
  if (!range) return { status: 200, headers, body: content };
  const [from, to] = [Number(range[1]), Math.min(Number(range[2]), content.length - 1)];
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${from}-${to}/${content.length}` },
    body: content.subarray(from, to + 1),
  };
}
