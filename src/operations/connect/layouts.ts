import { createHash } from 'node:crypto';
import type { ColumnType, ViewLayout } from '../../clients/dataverse/customizations.js';

/**
 * Puts columns on a form and into a view, and takes them off again, touching nothing else of the text (reference/dataverse-sales
 * 11.2).
 */

export interface ShownColumn {
  readonly column: string;
  readonly label: string;
  readonly type: ColumnType;
}

const CLASS_IDS: Readonly<Record<ColumnType, string>> = {
  string: '{4273EDBD-AC1D-40d3-9FB2-095C621B552D}',
  memo: '{E0DECE4B-6FC8-4a8f-A065-082708572369}',
  integer: '{C6D124CA-7EDA-4a60-AEA9-7FB8D318B68F}',
  decimal: '{C3EFE0C3-0EC6-42be-8349-CBD9079DFD8E}',
  money: '{533B9E00-756B-4312-95A0-DC888637AC78}',
  boolean: '{67FAC785-CD58-4f9f-ABB3-4B7DDC6ED5ED}',
  date: '{5B773807-9FB2-42db-97C3-7A91EFF8ADFF}',
  datetime: '{5B773807-9FB2-42db-97C3-7A91EFF8ADFF}',
};

const SECTION = 'dealbridge';
const OUR_SECTION = new RegExp(`<section\\b[^>]*\\bname=["']${SECTION}["'][^>]*>.*?</section>`, 's');
const WIDTH = 120;

/** A section of our own at the end of the form's first column; undefined where it has none, or shows all of them already. */
export function addToForm(xml: string, columns: readonly ShownColumn[], language: number): string | undefined {
  const missing = columns.filter(({ column }) => !new RegExp(`\\bdatafieldname=["']${column}["']`).test(xml));
  if (missing.length === 0) return undefined;
  const rows = missing.map(
    ({ column, label, type }) =>
      `<row><cell id="${idOf(column)}"><labels><label description="${escaped(label)}" languagecode="${language}" /></labels><control id="${column}" classid="${CLASS_IDS[type]}" datafieldname="${column}" /></cell></row>`,
  );
  const ours = OUR_SECTION.exec(xml);
  if (ours) {
    const end = ours.index + ours[0].lastIndexOf('</rows>');
    return `${xml.slice(0, end)}${rows.join('')}${xml.slice(end)}`;
  }
  const at = xml.indexOf('</sections>');
  if (at < 0) return undefined;
  const section = `<section name="${SECTION}" showlabel="true" showbar="false" id="${idOf(SECTION)}" columns="1"><labels><label description="Business Central" languagecode="${language}" /></labels><rows>${rows.join('')}</rows></section>`;
  return `${xml.slice(0, at)}${section}${xml.slice(at)}`;
}

/** Whatever else became of the form since: only our section goes. */
export function removeFromForm(xml: string): string {
  return xml.replace(OUR_SECTION, '');
}

/** Cells at the end of the view, each read by its query. */
export function addToView({ layout, query }: ViewLayout, columns: readonly ShownColumn[]): ViewLayout | undefined {
  const missing = columns.filter(({ column }) => !cellOf(column).test(layout));
  const end = layout.lastIndexOf('</row>');
  const entity = /<entity\b[^>]*>/.exec(query);
  if (missing.length === 0 || end < 0 || !entity) return undefined;
  const cells = missing.map(({ column }) => `<cell name="${column}" width="${WIDTH}" />`).join('');
  const read = missing.filter(({ column }) => !attributeOf(column).test(query));
  const at = entity.index + entity[0].length;
  return {
    layout: `${layout.slice(0, end)}${cells}${layout.slice(end)}`,
    query: `${query.slice(0, at)}${read.map(({ column }) => `<attribute name="${column}" />`).join('')}${query.slice(at)}`,
  };
}

export function removeFromView({ layout, query }: ViewLayout, columns: readonly string[]): ViewLayout {
  return {
    layout: columns.reduce((text, column) => text.replace(cellOf(column), ''), layout),
    query: columns.reduce((text, column) => text.replace(attributeOf(column), ''), query),
  };
}

const cellOf = (column: string): RegExp => new RegExp(`<cell\\b[^>]*\\bname=["']${column}["'][^>]*/>`);
const attributeOf = (column: string): RegExp => new RegExp(`<attribute\\b[^>]*\\bname=["']${column}["'][^>]*/>`);

/** Unique within a form, and the same each time. */
function idOf(name: string): string {
  const hex = createHash('sha256').update(`dealbridge form ${name}`).digest('hex');
  return `{${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
