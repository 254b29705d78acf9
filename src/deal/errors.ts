/** What a person can mend: which input it is, what was found there, and what would be right. */
export class UserError extends Error {
  readonly field: string;

  constructor(field: string, expected: string, found?: unknown) {
    super(`${field}: expected ${expected}${found === undefined ? '' : `, got ${show(found)}`}`);
    this.name = 'UserError';
    this.field = field;
  }
}

/** What is asked for cannot be done as things stand; nothing was changed. */
export class RefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RefusedError';
  }
}

function show(found: unknown): string {
  return typeof found === 'string' ? `'${found}'` : JSON.stringify(found);
}
