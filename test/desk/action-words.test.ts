import { describe, expect, it } from 'vitest';
import { toSentence } from '../../src/http/desk/action-words.js';

describe('what happened to a deal', () => {
  it('is said in words that follow a name', () => {
    const action = 'create draft invoice in Business Central';
    expect(toSentence({ actor: 'dealbridge', action })).toEqual({
      who: 'Dealbridge',
      what: 'made the draft in Business Central',
    });
  });

  it('says that nobody knows yet what became of a request without an answer', () => {
    const action = 'post invoice in Business Central: outcome unknown';
    expect(toSentence({ actor: 'dealbridge', action }).what).toBe(
      'heard no answer, and does not know yet whether it posted the invoice',
    );
  });

  it('says as it stands what another version of the product wrote', () => {
    expect(toSentence({ actor: 'ann', action: 'weigh the parcel' })).toEqual({ who: 'ann', what: 'weigh the parcel' });
  });
});
