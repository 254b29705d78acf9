import { describe, expect, it } from 'vitest';
import { refine } from '../../src/clients/business-central/refusals.js';

/** The words by which Business Central says that somebody else is writing (reference/business-central 10.3). */

const LOCKS = [
  "We can't save your changes right now, because a record in table 'Sales Header' is being updated in a transaction done by another session. Please try again later.",
  'The Sales Header table cannot be locked or changed because it is already locked by the user who has User ID ADMIN.',
  'The operation could not complete because a record in the Sales Header table was locked by another user.',
  'Your activity was deadlocked with another user who was modifying the same data. Please retry the activity.',
];

describe('a lock', () => {
  for (const text of LOCKS) {
    it(`is no refusal and no other person's change: ${text.slice(0, 60)}…`, () => {
      const asked = { message: text, method: 'POST' } as const;
      expect(refine({ ...asked, status: 409, remoteCode: 'Internal_ServerError' })).toBe('locked');
      expect(refine({ ...asked, status: 400, remoteCode: 'Application_DialogException' })).toBe('locked');
    });
  }

  it('is told from a record that another user has changed', () => {
    const message = 'Another user has already changed the record.';
    expect(refine({ status: 409, remoteCode: 'Request_EntityChanged', message, method: 'PATCH' })).toBe('conflict');
  });
});
