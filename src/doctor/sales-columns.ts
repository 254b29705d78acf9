import type { ColumnFacts, DataverseProbe } from '../clients/dataverse/probe.js';
import { columnsOfRules, type WantedColumn } from '../mapping/rules/columns-of-rules.js';
import { FLOW_TYPES } from '../mapping/rules/flow-columns.js';
import type { Config } from '../process/config.js';
import { examineConditions } from './company-conditions.js';
import { type Finding, notChecked, ok, warning, wrong } from './finding.js';
import { toFinding } from './refusals.js';
import type { DataverseAccess } from './sales.js';
import { createStep, type Step } from './step.js';

/** The columns that the rules name: those that are written with room for what comes, those that are read at all. */

const TEXTS: ReadonlySet<string> = new Set(['String', 'Memo']);

export function examineColumns(dataverse: Step<DataverseAccess>, configuration: Step<Config>): Step<true> {
  return createStep(
    'dataverse: columns',
    { dataverse, config: configuration },
    async ({ dataverse: { probe }, config }) => {
      const wanted = columnsOfRules(config.rules);
      const conditions = await examineConditions(probe, config.rules.companies);
      if (wanted.length === 0 && conditions.length === 0)
        return { value: true, findings: [notChecked('columns', 'the rules name no column of your own')] };
      const columns = await Promise.all(wanted.map((one) => examineColumn(probe, one)));
      return { value: true, findings: [...columns, ...conditions] };
    },
  );
}

async function examineColumn(probe: DataverseProbe, { table, column, length, kind }: WantedColumn): Promise<Finding> {
  const check = `${table}.${column}`;
  const where = `Power Apps > Tables > ${table} > Columns`;
  let found: ColumnFacts | undefined;
  try {
    found = await probe.findColumn(table, column);
  } catch (error) {
    return toFinding(check, error);
  }
  if (!found)
    return wrong(check, 'there is no such column', `${where}: add it, or correct its name in the rules file.`);
  const { type, maxLength, isWritable } = found;
  const facts = `${type}${maxLength === undefined ? '' : ` of ${maxLength}`}`;
  if (kind && !FLOW_TYPES[kind].includes(type)) {
    const right = `${where}: ${FLOW_TYPES[kind].join(', ')} are right.`;
    return wrong(check, `${facts}: a flow writes ${kind === 'amount' ? 'an amount' : `a ${kind}`}`, right);
  }
  if (length === undefined && !kind) return ok(check, `${facts}, read`);
  if (!kind && !TEXTS.has(type))
    return wrong(check, `${facts}: what is written is text`, `${where}: make it a single line of text.`);
  if (!isWritable) return wrong(check, `${facts}: it cannot be written`, `Name another column in the rules file.`);
  return length !== undefined && maxLength !== undefined && maxLength < length
    ? warning(check, `${facts}: up to ${length} characters come`, `${where}: raise its maximum length to ${length}.`)
    : ok(check, `${facts}, written`);
}
