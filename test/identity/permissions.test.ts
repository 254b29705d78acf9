import { describe, expect, it } from 'vitest';
import { type Act, isAllowed, PERMISSIONS, ROLES } from '../../src/identity/permissions.js';

/** The card as it is meant: V Viewer, O Operator, P Approver, A Admin. */
const CARD: Readonly<Record<Act, string>> = {
  'list deals': 'VOPA',
  'show a deal': 'VOPA',
  'start a deal': '-O-A',
  'confirm a deal': '--PA',
  'reject a deal': '--PA',
  'retry a deal': '-OPA',
  'cancel a deal': '-OPA',
  'note a deal': '-OPA',
  'assign a deal': '-OPA',
  'save a view': 'VOPA',
  'preview a deal': 'VOPA',
  'replay a deal': '-OPA',
  'compare rules': '-OPA',
  'list mappings': 'VOPA',
  'list master data': 'VOPA',
  'retry master data': '-O-A',
  'match accounts': '-O-A',
  'decide matches': '--PA',
  'show drift': 'VOPA',
  'repair drift': '-O-A',
  'list feeds': 'VOPA',
  'switch a feed': '-O-A',
  'examine the installation': '-O-A',
  'plan the connection': '---A',
  'connect the systems': '---A',
  'list environments': 'VOPA',
  'accept an environment': '---A',
  'list credentials': '---A',
  'change credentials': '---A',
  'show the audit trail': 'VOPA',
  'verify the audit trail': 'VOPA',
  'seal the audit trail': '-O-A',
  'export the audit trail': '---A',
  'erase personal content': '---A',
  'prune the ledger': '---A',
  'mark the ledger as restored': '---A',
  'migrate the ledger': '---A',
};

describe('the card of permissions', () => {
  it.each(Object.entries(CARD))('%s: %s', (act, card) => {
    const shown = ROLES.map((role, index) => (isAllowed(act as Act, [role]) ? 'VOPA'[index] : '-')).join('');
    expect(shown).toBe(card);
  });
  it('gives nothing to whoever has no role', () => {
    for (const act of Object.keys(PERMISSIONS) as Act[]) expect(isAllowed(act, [])).toBe(false);
  });
});
