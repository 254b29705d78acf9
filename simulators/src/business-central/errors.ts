import { randomUUID } from 'node:crypto';

/** An error answer of Business Central (reference/business-central 10). */
export class BcError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }

  /** The throttle's message is the one without a correlation id (reference/business-central 8). */
  toBody(): object {
    const suffix = this.status === 429 ? '' : `  CorrelationId:  ${randomUUID()}.`;
    return { error: { code: this.code, message: `${this.message}${suffix}` } };
  }
}

/** Any AL `Error()`, and every posting failure. */
export function dialog(message: string): BcError {
  return new BcError(400, 'Application_DialogException', message);
}

export function fieldInvalid(message: string): BcError {
  return new BcError(400, 'Application_FieldValidationException', message);
}

export function noRelation(field: string, table: string, value: string, related: string): BcError {
  return new BcError(
    400,
    'Internal_InvalidTableRelation',
    `The field ${field} of table ${table} contains a value (${value}) that cannot be found in the related table (${related}).`,
  );
}

export function noSegment(segment: string): BcError {
  return new BcError(404, 'BadRequest_ResourceNotFound', `Resource not found for the segment '${segment}'.`);
}

export function notAllowed(verb: string): BcError {
  return new BcError(405, 'BadRequest_MethodNotAllowed', `Entity does not support ${verb}.`);
}
