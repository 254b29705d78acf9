/** One thing that was looked at, and how to set it right when it is not. */
export interface Finding {
  /** What was looked at: `salesInvoices`, `opportunity Win`. */
  readonly check: string;
  readonly result: 'ok' | 'warning' | 'wrong' | 'not checked';
  /** What was found, or why it was not looked at. Never a secret, never a customer. */
  readonly found: string;
  readonly advice?: string;
}

export interface StepReport {
  readonly step: string;
  readonly findings: readonly Finding[];
}

export const ok = (check: string, found: string): Finding => ({ check, result: 'ok', found });
export const wrong = (check: string, found: string, advice: string): Finding => ({
  check,
  result: 'wrong',
  found,
  advice,
});
export const warning = (check: string, found: string, advice: string): Finding => ({
  check,
  result: 'warning',
  found,
  advice,
});
export const notChecked = (check: string, why: string, advice?: string): Finding => ({
  check,
  result: 'not checked',
  found: why,
  ...(advice !== undefined && { advice }),
});

/** Not more names than one reads. */
export function listed(names: readonly string[], most = 8): string {
  const rest = names.length - most;
  return rest > 0 ? `${names.slice(0, most).join(', ')} and ${rest} more` : names.join(', ');
}
