import { z } from 'zod';
import { optionalText } from '../http/wire.js';
import { createDataverseTransport, createReader, type DataverseClientOptions } from './transport.js';

/** The words of Sales that have to become codes of Business Central. */
export interface SalesWords {
  readonly currencies: readonly string[];
  readonly units: readonly string[];
  /** The choices of an account's payment terms. */
  readonly paymentTerms: readonly { readonly value: number; readonly label: string }[];
}

const list = <T>(row: z.ZodType<T>) => z.object({ value: z.array(row) });
const currencyRow = z.object({ isocurrencycode: z.string() });
const unitRow = z.object({ name: optionalText() });
const label = z.object({ UserLocalizedLabel: z.object({ Label: z.string() }).nullish() });
const choice = z.object({
  OptionSet: z.object({ Options: z.array(z.object({ Value: z.number(), Label: label.nullish() })) }).nullish(),
});

export async function readSalesWords(options: DataverseClientOptions): Promise<SalesWords> {
  const http = createDataverseTransport(options, 1);
  const get = createReader(http);
  try {
    const currencies = await get(
      'read the currencies',
      'transactioncurrencies?$select=isocurrencycode',
      list(currencyRow),
    );
    const units = await get('read the units', 'uoms?$select=name', list(unitRow));
    const column = "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='paymenttermscode')";
    const path = `${column}/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet`;
    const terms = await get('read the payment terms', path, choice);
    return {
      currencies: unique(currencies.value.map((row) => row.isocurrencycode)),
      units: unique(units.value.flatMap((row) => row.name ?? [])),
      paymentTerms: (terms.OptionSet?.Options ?? []).map((option) => ({
        value: option.Value,
        label: option.Label?.UserLocalizedLabel?.Label ?? '',
      })),
    };
  } finally {
    await http.close();
  }
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)].sort();
}
