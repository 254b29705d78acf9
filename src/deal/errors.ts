import type { ErrorCode } from './error-codes.js';
import { quote } from './shown-text.js';

/** Every error of ours has a code of the closed catalogue; whoever branches does so on class or code, never on text. */
export class DealbridgeError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }
}

/** What is wrong with an input, for people: the field, what would be right, and what was found there. */
export interface InputFault {
  readonly field: string;
  readonly expected: string;
  /** Null: nothing. Absent where it cannot be shown. */
  readonly found?: unknown;
}

/** What a person can mend: which input it is, what was found there (null: nothing), and what would be right. */
export class UserError extends DealbridgeError {
  readonly field: string;
  readonly expected: string;
  readonly found: unknown;

  /** @param others what else is wrong with the same input; the message names it as well */
  constructor(field: string, expected: string, found?: unknown, others: readonly InputFault[] = []) {
    super('invalid-input', [{ field, expected, found }, ...others].map(describe).join('; '));
    this.field = field;
    this.expected = expected;
    this.found = found;
  }
}

/** Nothing is called like that. */
export class UnknownError extends UserError {}

/** What is asked for cannot be done as things stand; nothing was changed. */
export class RefusedError extends DealbridgeError {
  constructor(
    message: string,
    code: 'refused-now' | 'not-taken-yet' | 'not-allowed' | 'changed-since' = 'refused-now',
  ) {
    super(code, message);
  }
}

/** Nobody answers: nothing was changed so far, and it may still be when a worker takes it up. */
export class NotTakenYetError extends RefusedError {
  constructor(message: string) {
    super(message, 'not-taken-yet');
  }
}

/** The person has no role that allows the act. */
export class NotAllowedError extends RefusedError {
  constructor(message: string) {
    super(message, 'not-allowed');
  }
}

/** What the decision is about has become another since it was looked at. */
export class ChangedSinceError extends RefusedError {
  constructor(message: string) {
    super(message, 'changed-since');
  }
}

/** A setting, or settings together, with which a process does not start. */
export class ConfigError extends DealbridgeError {
  constructor(message: string) {
    super('invalid-configuration', message);
  }
}

/** Something else was quicker than what was read before it: the same once more, read anew, succeeds. */
export class OvertakenError extends DealbridgeError {
  constructor(message: string) {
    super('overtaken', message);
  }
}

/** What cannot happen, and did: a bug, or a ledger that somebody changed by hand. */
export class InternalError extends DealbridgeError {
  constructor(message: string) {
    super('internal', message);
  }
}

function describe({ field, expected, found }: InputFault): string {
  return `${field}: expected ${expected}${found === undefined ? '' : `, got ${show(found)}`}`;
}

function show(found: unknown): string {
  if (found === null) return 'nothing';
  return typeof found === 'string' ? quote(found) : JSON.stringify(found);
}
