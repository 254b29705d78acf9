import { z } from 'zod';
import { readWire } from '../http/wire.js';
import { listOf, postingPeriodRow } from './rows.js';
import { createBusinessCentralTransport, type EnvironmentOptions } from './transport.js';

/** Questions about Business Central itself that change nothing. */

export interface SetupFacts {
  /** A day, or undefined where the period is open. */
  readonly postingFrom: string | undefined;
  readonly postingTo: string | undefined;
  readonly localCurrency: string;
}

export interface CompanyProbe {
  /** One row of an entity set. */
  readOne(set: string): Promise<void>;
  readSetup(): Promise<SetupFacts | undefined>;
  close(): Promise<void>;
}

const setupRow = postingPeriodRow.extend({ localCurrencyCode: z.string() });

const PARALLEL = 3;

export function createCompanyProbe(options: EnvironmentOptions & { readonly companyId: string }): CompanyProbe {
  const http = createBusinessCentralTransport(options, `companies(${options.companyId})/`, PARALLEL);
  return {
    async readOne(set) {
      await http.send({ method: 'GET', path: `${set}?$top=1`, asked: `read ${set}` });
    },
    async readSetup() {
      const asked = 'read generalLedgerSetup';
      const { body, requestId } = await http.send({ method: 'GET', path: 'generalLedgerSetup', asked });
      const [row] = readWire('business-central', asked, listOf(setupRow), body, requestId).value;
      return (
        row && {
          postingFrom: row.allowPostingFrom,
          postingTo: row.allowPostingTo,
          localCurrency: row.localCurrencyCode,
        }
      );
    },
    close: () => http.close(),
  };
}
