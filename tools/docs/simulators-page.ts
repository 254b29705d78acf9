import { ENTITIES, type Entity } from '@dealbridge/simulators/business-central/entities.js';
import { ACTIONS } from '@dealbridge/simulators/business-central/metadata.js';
import { DEFAULT_SWITCHES as BC_SWITCHES } from '@dealbridge/simulators/business-central/switches.js';
import { BULK } from '@dealbridge/simulators/dataverse/bulk.js';
import { MESSAGES, type Message } from '@dealbridge/simulators/dataverse/messages.js';
import { DEFAULT_SWITCHES as DATAVERSE_SWITCHES } from '@dealbridge/simulators/dataverse/switches.js';
import { Schema, type Table } from '@dealbridge/simulators/dataverse/tables.js';
import { LEFT_OUT, READINGS } from '@dealbridge/simulators/differences.js';

/** The tables at the end of docs/simulators.md, from the code: `npm run docs:simulators` writes them, and a test compares. */

const MARK = '<!-- From here on made by `npm run docs:simulators`. -->\n';

/** The page with its tables as the code has them. */
export function withTables(page: string): string {
  return `${page.slice(0, page.indexOf(MARK))}${MARK}${toTables()}`;
}

function toTables(): string {
  const tables = new Schema().tables;
  return `
## What is left out or done otherwise

${toRows(
  ['what', 'why that is enough'],
  LEFT_OUT.map(({ what, why }) => [what, why]),
)}
## Switches

${toRows(['server', 'switch', 'default', 'meaning'], [...toSwitches('BC', BC_SWITCHES, READINGS.businessCentral), ...toSwitches('Dataverse', DATAVERSE_SWITCHES, READINGS.dataverse)])}
<!-- cspell:disable -->

## Operations of Dataverse

Beside requests on rows, \`$ref\` and the bulk messages (${names([...BULK])}).

${toRows(['operation', 'kind', 'bound to', 'parameters'], MESSAGES.map(toMessage))}
## Tables and columns of Dataverse

Read only stands apart. A lookup is written by \`<navigation>@odata.bind\` and read as \`_<name>_value\`.

${toRows(['table', 'set', 'columns', 'that can be written', 'read only', 'lookups'], tables.map(toTable))}
## Sets, actions and fields of Business Central

${toRows(['set', 'methods', 'actions', 'fields', 'that can be written', 'read only'], [...ENTITIES.values()].map(toEntity))}`;
}

function toRows(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => (cell === '' ? '–' : cell)).join(' | ')} |\n`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('');
}

function names(all: readonly string[]): string {
  return all.map((name) => `\`${name}\``).join(', ');
}

function toSwitches(server: string, defaults: object, meanings: Readonly<Record<string, string>>): string[][] {
  return Object.entries(defaults).map(([name, value]: [string, unknown]) => {
    const meaning = meanings[name];
    if (meaning === undefined) throw new TypeError(`the switch ${name} of ${server} has no meaning in differences.ts`);
    return [server, `\`${name}\``, Array.isArray(value) ? 'none' : `\`${String(value)}\``, meaning];
  });
}

function toMessage({ name, kind, boundTo, parameters }: Message): string[] {
  const given = parameters === '' ? [] : parameters.split(' ').map((one) => one.replace(/:.*?(\??)$/, '$1'));
  return [`\`${name}\``, kind, boundTo ?? '', names(given)];
}

function toTable({ name, set, columns, lookups }: Table): string[] {
  const all = [...columns.values()];
  const [free, fixed] = [all.filter(({ access }) => access !== 'read'), all.filter(({ access }) => access === 'read')];
  const list = (some: typeof all): string => names(some.map((column) => column.name).sort());
  return [
    name,
    `\`${set}\``,
    String(all.length + lookups.size),
    list(free),
    list(fixed),
    names([...lookups.keys()].sort()),
  ];
}

function toEntity({ set, type, methods, fields }: Entity): string[] {
  const all = [...fields.values()];
  const list = (isReadOnly: boolean): string =>
    names(all.filter((field) => field.isReadOnly === isReadOnly).map(({ name }) => name));
  return [
    `\`${set}\``,
    [...methods].join(', '),
    names(ACTIONS[type] ?? []),
    String(all.length),
    list(false),
    list(true),
  ];
}
