import { randomUUID } from 'node:crypto';

/** An error answer of Business Central (reference, section 10). */
export class BcError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  toBody(): object {
    return { error: { code: this.code, message: `${this.message}  CorrelationId:  ${randomUUID()}.` } };
  }
}

/** Any AL `Error()`, and every posting failure. */
export function dialog(message: string): BcError {
  return new BcError(400, 'Application_DialogException', message);
}

export function fieldInvalid(message: string): BcError {
  return new BcError(400, 'Application_FieldValidationException', message);
}
