import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toPermissionsPage } from '../../tools/docs/permissions-page.js';

describe('docs/permissions.md', () => {
  it('is what the card says; `npm run docs:permissions` writes it', () => {
    expect(readFileSync('docs/permissions.md', 'utf8')).toBe(toPermissionsPage());
  });
});
