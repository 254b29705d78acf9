import { describe, expect, it } from 'vitest';
import { toEnvFile, withoutOurLines } from '../../../src/operations/connect/env-text.js';
import { addToForm, addToView, removeFromForm, removeFromView } from '../../../src/operations/connect/layouts.js';
import { toRulesText } from '../../../src/operations/connect/rules-text.js';
import { parseRules } from '../../../src/process/rules.js';

const column = (name: string) => ({ column: name, label: 'Number & "more"', type: 'string' as const });
const FORM =
  '<form><tabs><tab id="{1}"><columns><column width="100%"><sections><section name="general" id="{2}"><rows><row><cell id="{3}"><control id="name" datafieldname="name" /></cell></row></rows></section></sections></column><column width="0%"><sections /></column></columns></tab></tabs></form>';
const VIEW = {
  layout: '<grid name="resultset"><row name="result" id="quoteid"><cell name="name" width="150" /></row></grid>',
  query:
    '<fetch version="1.0"><entity name="quote"><attribute name="name" /><link-entity name="account"><attribute name="name" /></link-entity></entity></fetch>',
};

describe('the form', () => {
  it('gets a section of our own, once, and is the same again without it', () => {
    const shown = addToForm(FORM, [column('dlb_a')], 1031) ?? '';
    expect(shown).toContain('datafieldname="dlb_a"');
    expect(shown).toContain('<label description="Number &amp; &quot;more&quot;" languagecode="1031" />');
    expect(addToForm(shown, [column('dlb_a')], 1031)).toBeUndefined();
    expect(removeFromForm(shown)).toBe(FORM);
  });

  it('takes a further column into the section that is there, with ids of its own', () => {
    const shown = addToForm(addToForm(FORM, [column('dlb_a')], 1033) ?? '', [column('dlb_a'), column('dlb_b')], 1033);
    expect(shown?.match(/name="dealbridge"/g)).toHaveLength(1);
    const ids = [...(shown ?? '').matchAll(/<cell id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(3);
    expect(removeFromForm(shown ?? '')).toBe(FORM);
  });

  it('keeps what people changed beside it', () => {
    const shown = (addToForm(FORM, [column('dlb_a')], 1033) ?? '').replace('name="general"', 'name="renamed"');
    expect(removeFromForm(shown)).toBe(FORM.replace('name="general"', 'name="renamed"'));
  });

  it('without a place for it is left alone', () => {
    expect(addToForm('<form><tabs /></form>', [column('dlb_a')], 1033)).toBeUndefined();
  });
});

describe('the view', () => {
  it('shows a column and reads it, and is the same again without it', () => {
    const shown = addToView(VIEW, [column('dlb_a')]);
    expect(shown?.layout).toContain('<cell name="dlb_a" width="120" /></row>');
    expect(shown?.query).toContain('<entity name="quote"><attribute name="dlb_a" />');
    expect(shown && addToView(shown, [column('dlb_a')])).toBeUndefined();
    expect(shown && removeFromView(shown, ['dlb_a'])).toEqual(VIEW);
  });
});

describe('.env', () => {
  const WANTED = { DATAVERSE_URL: 'https://x.example', BC_COMPANY: "Smith's & Co" };

  it('keeps what stands there, adds what is missing, and is as before without it', () => {
    const before = 'LOG_LEVEL=debug\nDATAVERSE_URL=https://x.example\n';
    const { content, names } = toEnvFile(before, WANTED);
    expect(names).toEqual(['BC_COMPANY']);
    expect(content).toBe(`${before}\n# Added by \`dealbridge connect\`.\nBC_COMPANY="Smith's & Co"\n`);
    expect(withoutOurLines(content)).toBe(before);
    expect(toEnvFile(content, WANTED)).toEqual({ content, names: [] });
  });

  it('holds a value with quotes as it is, and refuses one that it cannot hold', () => {
    for (const name of ['My "Best" GmbH', `O'Neill "Best"`, '`a` "b"', '`']) {
      const { content } = toEnvFile(undefined, { BC_COMPANY: name });
      expect(toEnvFile(content, { BC_COMPANY: name })).toEqual({ content, names: [] });
    }
    expect(() => toEnvFile(undefined, { BC_COMPANY: `"'\`` })).toThrow('BC_COMPANY cannot stand in .env');
  });

  it('that says something else is refused, with both values', () => {
    expect(() => toEnvFile('DATAVERSE_URL=https://other.example', WANTED)).toThrow(
      '.env is not overwritten, and it has DATAVERSE_URL=https://other.example where the answers say https://x.example',
    );
  });
});

describe('the rules file', () => {
  const found = {
    sales: {
      currencies: ['EUR', 'NOK'],
      units: ['Hour', 'PCS', 'Piece: big'],
      paymentTerms: [
        { value: 1, label: 'Net 30' },
        { value: 2, label: '2% 10, Net 30' },
      ],
    },
    companies: [
      { id: '1', name: 'CRONUS DE' },
      { id: '2', name: 'CRONUS US' },
    ],
    setup: { postingFrom: '2026-01-01', postingTo: undefined, localCurrency: 'EUR' },
    codes: {
      currencies: [{ code: 'USD', name: 'US Dollar' }],
      unitsOfMeasure: [
        { code: 'PCS', name: 'Piece' },
        { code: 'H', name: 'hour' },
      ],
      paymentTerms: [
        { code: '30D', name: 'Net 30 days' },
        { code: '2-10-30', name: '2 % within 10 days, net 30' },
      ],
      taxGroups: [{ code: 'VAT19', name: 'Standard' }],
    },
  };
  const text = toRulesText(found, { prefix: 'abc', company: 'CRONUS DE' });

  it('can be used as it is, with what is certain filled in', () => {
    const rules = parseRules(text);
    expect(rules.opportunityColumns).toEqual({
      invoiceNumber: 'abc_invoicenumber',
      status: 'abc_invoicestatus',
      total: 'abc_invoicetotal',
    });
    expect(rules.mapping.tables.units).toEqual({ HOUR: 'H' });
    expect(rules.mapping.tables.paymentTerms).toEqual({ 1: '30D' });
    expect(rules.policy.confirmation).toEqual({ by: 'person' });
  });

  it('says what was found, and leaves choices to a person', () => {
    for (const line of [
      'not in Business Central: NOK',
      '    # "Piece: big": a code of PCS, H',
      '    # 2: … # 2% 10, Net 30',
      '# tax groups: VAT19',
      '# Posting is open from 2026-01-01 on (page General Ledger Setup).',
      "# Company 'CRONUS DE', local currency EUR.",
      'by a rule under `companies:`: CRONUS US.',
    ])
      expect(text).toContain(line);
  });

  it('of two empty systems can be used as well', () => {
    const empty = {
      sales: { currencies: [], units: [], paymentTerms: [] },
      companies: [],
      setup: undefined,
      codes: {},
    };
    expect(() => parseRules(toRulesText(empty, { prefix: 'dlb', company: 'X' }))).not.toThrow();
  });
});
