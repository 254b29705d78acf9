import { readFileSync } from 'node:fs';
import { ENTITIES } from '@dealbridge/simulators/business-central/entities.js';
import { Schema } from '@dealbridge/simulators/dataverse/tables.js';
import { LEFT_OUT } from '@dealbridge/simulators/differences.js';
import { describe, expect, it } from 'vitest';
import { withTables } from '../../tools/docs/simulators-page.js';

describe('docs/simulators.md', () => {
  it('has the tables that the code says; `npm run docs:simulators` writes them', () => {
    const page = readFileSync('docs/simulators.md', 'utf8');
    expect(page).toBe(withTables(page));
  });

  it('calls nothing left out that is served', () => {
    const sets = LEFT_OUT.flatMap(({ notServed = [] }) => notServed);
    expect(sets.length).toBeGreaterThan(5);
    const schema = new Schema();
    expect(sets.filter((set) => ENTITIES.has(set) || schema.findSet(set))).toEqual([]);
  });
});
