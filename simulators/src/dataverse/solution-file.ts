import { crc32 } from 'node:zlib';
import type { SimRequest, SimResponse } from '../kernel/server.js';
import { type Api, answer, readJson } from './answers.js';
import { findSolution } from './components.js';
import { attributes } from './metadata.js';
import { DataverseError, type Row, type Store } from './store.js';

/** `ExportSolution`: the zip with solution.xml and customizations.xml (reference/dataverse-sales 11.2). */

export function exportSolution(api: Api, request: SimRequest): SimResponse {
  const { SolutionName: name, Managed: isManaged } = readJson(request);
  if (typeof name !== 'string' || typeof isManaged !== 'boolean')
    throw new DataverseError(400, '0x80048d19', "The parameters 'SolutionName' and 'Managed' are required.");
  const solution = findSolution(api.store, name);
  const file = zip({
    '[Content_Types].xml':
      '<?xml version="1.0" encoding="utf-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/octet-stream" /></Types>',
    'solution.xml': toSolutionXml(api.store, solution, isManaged),
    'customizations.xml': toCustomizationsXml(api.store, solution),
  });
  return answer(200, {
    '@odata.context': `${api.url}/$metadata#Microsoft.Dynamics.CRM.ExportSolutionResponse`,
    ExportSolutionFile: file.toString('base64'),
  });
}

function toSolutionXml(store: Store, solution: Row, isManaged: boolean): string {
  const publisher = store.find('publisher', String(solution['publisherid']));
  const roots = componentsOf(store, solution).map(
    (row) => `<RootComponent type="${row['componenttype']}" id="{${row['objectid']}}" behavior="0" />`,
  );
  return `<ImportExportXml version="9.2.24084.182" SolutionPackageVersion="9.2"><SolutionManifest><UniqueName>${solution['uniquename']}</UniqueName><Version>${solution['version']}</Version><Managed>${isManaged ? 1 : 0}</Managed><Publisher><UniqueName>${publisher?.['uniquename']}</UniqueName><CustomizationPrefix>${publisher?.['customizationprefix']}</CustomizationPrefix></Publisher><RootComponents>${roots.join('')}</RootComponents><MissingDependencies /></SolutionManifest></ImportExportXml>`;
}

function toCustomizationsXml(store: Store, solution: Row): string {
  const held = new Set(componentsOf(store, solution).map((row) => String(row['objectid'])));
  const entities = store.schema.tables.flatMap((table) => {
    const columns = attributes(table).filter((one) => held.has(String(one['MetadataId'])));
    const forms = [...store.all('systemform')].filter(
      (row) => row['objecttypecode'] === table.name && held.has(String(row['formid'])),
    );
    const views = [...store.all('savedquery')].filter(
      (row) => row['returnedtypecode'] === table.name && held.has(String(row['savedqueryid'])),
    );
    if (columns.length + forms.length + views.length === 0) return [];
    const columnXml = columns.map(
      (one) =>
        `<attribute PhysicalName="${one['SchemaName']}"><LogicalName>${one['LogicalName']}</LogicalName></attribute>`,
    );
    return `<Entity><Name>${table.name}</Name><EntityInfo><entity Name="${table.name}"><attributes>${columnXml.join('')}</attributes></entity></EntityInfo><FormXml><forms type="main">${forms.map((row) => `<systemform><formid>{${row['formid']}}</formid>${row['formxml']}</systemform>`).join('')}</forms></FormXml><SavedQueries><savedqueries>${views.map((row) => `<savedquery><savedqueryid>{${row['savedqueryid']}}</savedqueryid><layoutxml>${row['layoutxml']}</layoutxml></savedquery>`).join('')}</savedqueries></SavedQueries></Entity>`;
  });
  return `<ImportExportXml><Entities>${entities.join('')}</Entities><Languages><Language>1033</Language></Languages></ImportExportXml>`;
}

function componentsOf(store: Store, solution: Row): Row[] {
  return store.children('solutioncomponent', 'solutionid', String(solution['solutionid']));
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;

/** Stored, not deflated: three small files. */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const path = Buffer.from(name);
    const content = Buffer.from(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([signature(LOCAL), common, path, content]);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([signature(CENTRAL), Buffer.from([20, 0]), common, entry, path]));
    parts.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(listing.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, listing, signature(END), end]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
