/**
 * Whether a deal is held for one of the reasons, be it the first that was found or another; each half as the index of its
 * column has it.
 * @param record the table or its other name, `place` that of the reasons among the values
 */
export function heldFor(record: string, place: string): string {
  return `(${record}.hold_reason = ANY(${place}::text[])
  OR ${record}.other_hold_reasons <> '{}' AND ${record}.other_hold_reasons && ${place}::text[])`;
}

/**
 * Whether a deal is shown as held for one of the reasons, which `internal-error` is among: as such people see each reason that this
 * version does not know (shown-reason.ts).
 * @param known place of the reasons that it knows
 */
export function shownFor(record: string, place: string, known: string): string {
  return `(${heldFor(record, place)} OR ${record}.hold_reason <> ALL(${known}::text[])
  OR ${record}.other_hold_reasons <> '{}' AND NOT ${record}.other_hold_reasons <@ ${known}::text[])`;
}

/** Each held deal of the table beside each reason that it is shown with, once, which stands as `shown.reason`. */
export function eachShownReasonOf(record: string, known: string): string {
  return `CROSS JOIN LATERAL (
    SELECT DISTINCT CASE WHEN held.reason = ANY(${known}::text[]) THEN held.reason ELSE 'internal-error' END AS reason
    FROM unnest(${record}.hold_reason || ${record}.other_hold_reasons) AS held (reason)) AS shown`;
}

/** Each held deal of the table beside each of its reasons, which stands as `held.reason`. */
export function eachReasonOf(record: string): string {
  return `CROSS JOIN LATERAL (
    SELECT ${record}.hold_reason AS reason UNION SELECT unnest(${record}.other_hold_reasons)) AS held`;
}
