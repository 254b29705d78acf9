import type { SimRequest, SimResponse } from '../kernel/server.js';
import type { DataverseAnswer } from './answers.js';
import { toJsonText, toText } from './wire.js';

/**
 * What `Accept` asks of a JSON answer: how much control information, and whether large numbers are text (OData JSON
 * format 4.0, chapters 3.1 and 3.2).
 */

export interface Format {
  readonly metadata: 'minimal' | 'full' | 'none';
  readonly isIeee: boolean;
}

const USUAL: Format = { metadata: 'minimal', isIeee: false };

export function formatOf(request: SimRequest): Format {
  const accept = request.headers['accept'];
  if (accept === undefined || !accept.includes(';')) return USUAL;
  const metadata = /odata\.metadata\s*=\s*(full|none)/i.exec(accept)?.[1]?.toLowerCase();
  return {
    metadata: metadata === 'full' || metadata === 'none' ? metadata : 'minimal',
    isIeee: /IEEE754Compatible\s*=\s*true/i.test(accept),
  };
}

/** Whether JSON is among what `Accept` takes (OData 4.0, part 1, 8.2.1: 406 when it is not). */
export function takesJson(request: SimRequest): boolean {
  const accept = request.headers['accept'];
  if (accept === undefined) return true;
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return /^(?:\*\/\*|application\/\*|application\/json)$/.test(type) && !parameters.includes('q=0');
  });
}

export function inFormat(answer: DataverseAnswer, format: Format): SimResponse {
  const { json, ...plain } = answer;
  if (json === undefined || (format.metadata === 'minimal' && !format.isIeee)) return plain;
  const bare = format.metadata === 'none' ? withoutControl(json) : json;
  const body = format.isIeee ? toText(bare) : bare;
  const type = `application/json; odata.metadata=${format.metadata}${format.isIeee ? '; IEEE754Compatible=true' : ''}`;
  return { ...plain, headers: { ...plain.headers, 'content-type': type }, body: toJsonText(body as object) };
}

/** `none` keeps only what a client cannot do without: the next page, the changes, the count. */
const KEPT: ReadonlySet<string> = new Set(['@odata.nextLink', '@odata.deltaLink', '@odata.count']);

function withoutControl(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutControl);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) =>
      name.includes('@odata.') && !KEPT.has(name.slice(name.indexOf('@'))) ? [] : [[name, withoutControl(one)]],
    ),
  );
}
