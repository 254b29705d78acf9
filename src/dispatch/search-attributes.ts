import { defineSearchAttributeKey } from '@temporalio/common';
import type { SourceTable } from '../deal/ids.js';
import type { DealState } from '../deal/states.js';

/** As runs of deals set them: workflows may be imported here by type alone. */
export const SOURCE_TABLE = defineSearchAttributeKey('DealSourceTable', 'KEYWORD');
export const STATE = defineSearchAttributeKey('DealState', 'KEYWORD');

/** What the list of runs says of a deal from its start on, so that the run need not say it itself. */
export function toFirstAttributes(table: SourceTable, state: DealState) {
  return [
    { key: SOURCE_TABLE, value: table },
    // A run begins with reading.
    { key: STATE, value: state === 'seen' ? ('reading' satisfies DealState) : state },
  ];
}
