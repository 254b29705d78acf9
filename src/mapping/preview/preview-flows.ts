import { FLOW_TYPES, type FlowColumn, flowColumns } from '../rules/flow-columns.js';
import type { FlowRules } from '../rules/flows-file.js';

/** Of the columns that the flows write, those that Sales lacks or that cannot hold what comes, each in words. */
export async function findFlowFaults(
  flows: FlowRules,
  findColumn: (table: FlowColumn['table'], column: string) => Promise<{ readonly type: string } | undefined>,
): Promise<string[]> {
  const faults = flowColumns(flows).map(async ({ table, column, kind }) => {
    const found = await findColumn(table, column);
    if (!found) return [`${table}.${column}: there is no such column`];
    if (FLOW_TYPES[kind].includes(found.type)) return [];
    return [`${table}.${column}: expected ${FLOW_TYPES[kind].join(' or ')}, got ${found.type}`];
  });
  return (await Promise.all(faults)).flat();
}
