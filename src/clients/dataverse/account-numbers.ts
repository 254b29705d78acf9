import { z } from 'zod';
import { isSameCode } from '../../deal/codes.js';
import { STATE_CODES } from '../../deal/state-codes.js';
import type { HttpTransport } from '../http/transport.js';
import { guid, optionalText, readWire } from '../http/wire.js';

/** Which accounts of Sales have a number: nothing there keeps two of them from having the same one. */

export interface NumberedAccount {
  readonly accountId: string;
  readonly number: string;
  readonly name: string | undefined;
}

const list = z.object({
  value: z.array(z.object({ accountid: guid, accountnumber: optionalText(), name: optionalText() })),
});
/** One filter holds that many numbers, so that the address stays short. */
const NUMBERS_PER_REQUEST = 20;

/** The active accounts with one of these numbers, as Business Central compares them. */
export async function findAccountsWithNumbers(
  http: HttpTransport,
  numbers: readonly string[],
): Promise<NumberedAccount[]> {
  const asked = 'look for accounts with the same number';
  const found: NumberedAccount[] = [];
  for (let index = 0; index < numbers.length; index += NUMBERS_PER_REQUEST) {
    const wanted = numbers.slice(index, index + NUMBERS_PER_REQUEST).map((number) => number.trim());
    const anyOf = wanted.map((number) => `accountnumber eq '${number.replaceAll("'", "''")}'`).join(' or ');
    const filter = encodeURIComponent(`statecode eq ${STATE_CODES.account.active} and (${anyOf})`);
    const path = `accounts?$select=accountid,accountnumber,name&$filter=${filter}`;
    const { body, requestId } = await http.send({ method: 'GET', path, asked });
    for (const { accountid, accountnumber, name } of readWire('dataverse', asked, list, body, requestId).value) {
      // Dataverse compares by its own collation, so equality is checked again here.
      if (accountnumber !== undefined && wanted.some((number) => isSameCode(number, accountnumber))) {
        found.push({ accountId: accountid, number: accountnumber, name });
      }
    }
  }
  return found;
}
