/**
 * Whether a deal is held for one of the reasons, be it the first that was found or another; each half as the index of its
 * column has it.
 * @param record the table or its other name, `place` that of the reasons among the values
 */
export function heldFor(record: string, place: string): string {
  return `(${record}.hold_reason = ANY(${place}::text[])
  OR ${record}.other_hold_reasons <> '{}' AND ${record}.other_hold_reasons && ${place}::text[])`;
}

/** Each held deal of the table beside each of its reasons, which stands as `held.reason`. */
export function eachReasonOf(record: string): string {
  return `CROSS JOIN LATERAL (
    SELECT ${record}.hold_reason AS reason UNION SELECT unnest(${record}.other_hold_reasons)) AS held`;
}
