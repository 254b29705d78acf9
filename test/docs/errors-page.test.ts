import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toErrorsPage } from '../../tools/docs/errors-page.js';

describe('docs/errors.md', () => {
  it('is what the catalogue says; `npm run docs:errors` writes it', () => {
    expect(readFileSync('docs/errors.md', 'utf8')).toBe(toErrorsPage());
  });
});
