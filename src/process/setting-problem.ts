/** What is wrong with one setting; what was found is never a secret. */
export interface SettingProblem {
  readonly setting: string;
  readonly expected: string;
  readonly found: string;
}

export function toLine({ setting, expected, found }: SettingProblem): string {
  return `  setting ${setting}: expected ${expected}, got ${found}`;
}
