import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RemoteApiError } from '../../src/clients/errors.js';
import { ERROR_CODES } from '../../src/deal/error-codes.js';
import { ConfigError, DealbridgeError, RefusedError, UserError } from '../../src/deal/errors.js';
import { parseRecordId } from '../../src/deal/ids.js';
import { FormulaError } from '../../src/mapping/fields/expressions.js';
import { CredentialError } from '../../src/secrets/credential.js';
import { SealError } from '../../src/secrets/key-ring.js';
import { KeysError } from '../../src/secrets/keys.js';

const sources = readdirSync('src', { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((file) => ({ file, text: readFileSync(file, 'utf8') }));

const filesWith = (pattern: RegExp): string[] =>
  sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file);

describe('the errors of the product', () => {
  it('have one base class', () => {
    expect(filesWith(/extends (Range|Type)?Error\b/)).toEqual(['src/deal/errors.ts']);
  });

  it('blame the input by UserError, not by the classes of the runtime', () => {
    expect(filesWith(/new RangeError\(/)).toEqual([]);
  });

  it('are told apart by class or code, never by their text', () => {
    // pg has one without a code, of a server that takes no TLS.
    expect(filesWith(/\b(?:error|cause|reason)\.message(?:\.(?:includes|startsWith|endsWith|match)\(| ===)/)).toEqual([
      'src/process/database-problems.ts',
    ]);
    expect(filesWith(/\.test\((?:error|cause)\.message\)/)).toEqual([]);
  });

  it.each([
    [new UserError('--since', 'a date such as 2026-03-31', '2026'), 'UserError', 'invalid-input'],
    [new RefusedError('not now'), 'RefusedError', 'refused-now'],
    [new ConfigError('no'), 'ConfigError', 'invalid-configuration'],
    [new KeysError('no'), 'KeysError', 'invalid-keys'],
    [new CredentialError('one', 'none'), 'CredentialError', 'invalid-credential'],
    [new FormulaError('no', 3), 'FormulaError', 'invalid-formula'],
    [new SealError('unknown-key', 'k'), 'SealError', 'unknown-key'],
    [new RemoteApiError('dataverse', 'throttled', 'read an account', {}), 'RemoteApiError', 'throttled'],
  ])('%s has its name and a code of the catalogue', (error, name, code) => {
    expect(error).toBeInstanceOf(DealbridgeError);
    expect(error).toMatchObject({ name, code });
    expect(Object.keys(ERROR_CODES)).toContain(code);
  });

  it('name the field, what is expected and what was found', () => {
    expect(new UserError('--since', 'a date such as 2026-03-31', '2026').message).toBe(
      "--since: expected a date such as 2026-03-31, got '2026'",
    );
    expect(new UserError('--by', 'a name', null).message).toBe('--by: expected a name, got nothing');
    expect(() => parseRecordId('x')).toThrow("record id: expected a GUID like 5f3c… in 8-4-4-4-12 form, got 'x'");
  });
});
