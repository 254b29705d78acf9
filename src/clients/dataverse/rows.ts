import { z } from 'zod';
import { PARENT_COLUMN } from '../../deal/asked-columns.js';
import { decimal, guid, optionalText } from '../http/wire.js';

/** The wire shapes of Dataverse (reference/dataverse-sales 2); wire names stay in this folder. */

const money = decimal.nullish().transform((value) => value ?? '0');
const lookup = guid.nullish().transform((value) => value ?? undefined);

/** The annotation that names a row behind a lookup, so that no row is expanded for it (reference/dataverse-sales 2.12). */
export const FORMATTED_VALUE = 'OData.Community.Display.V1.FormattedValue';
/** A user or a team. */
export const OWNER_NAME = `_ownerid_value@${FORMATTED_VALUE}` as const;
export const PRICE_LIST_NAME = `_pricelevelid_value@${FORMATTED_VALUE}` as const;
export const PARENT_NAME = `${PARENT_COLUMN}@${FORMATTED_VALUE}` as const;

const address = {
  address1_line1: optionalText(),
  address1_line2: optionalText(),
  address1_line3: optionalText(),
  address1_city: optionalText(),
  address1_stateorprovince: optionalText(),
  address1_postalcode: optionalText(),
  address1_country: optionalText(),
};

export const accountRow = z.object({
  accountid: guid,
  name: z
    .string()
    .nullish()
    .transform((text) => text ?? ''),
  accountnumber: optionalText(),
  statecode: z.number(),
  emailaddress1: optionalText(),
  telephone1: optionalText(),
  websiteurl: optionalText(),
  _transactioncurrencyid_value: lookup,
  [PARENT_NAME]: optionalText(),
  ...address,
});
export type AccountRow = z.infer<typeof accountRow>;

export const contactRow = z.object({
  contactid: guid,
  fullname: z
    .string()
    .nullish()
    .transform((text) => text ?? ''),
  statecode: z.number(),
  emailaddress1: optionalText(),
  telephone1: optionalText(),
  _transactioncurrencyid_value: lookup,
  ...address,
  parentcustomerid_account: accountRow.nullish(),
});
export type ContactRow = z.infer<typeof contactRow>;

export const lineRow = z.object({
  sequencenumber: z.number().nullish(),
  createdon: z.iso.datetime(),
  isproductoverridden: z.boolean().nullish(),
  productdescription: optionalText(),
  description: optionalText(),
  producttypecode: z.number().nullish(),
  quantity: decimal,
  priceperunit: money,
  manualdiscountamount: money,
  volumediscountamount: money,
  tax: money,
  pricingerrorcode: z
    .number()
    .nullish()
    .transform((code) => code ?? 0),
  _uomid_value: lookup,
  _parentbundleidref_value: lookup,
  productid: z
    .object({
      productid: guid,
      productnumber: z.string(),
      name: z
        .string()
        .nullish()
        .transform((text) => text ?? ''),
      statecode: z.number(),
      producttypecode: z.number().nullish(),
    })
    .nullish(),
  uomid: z
    .object({
      name: z.string(),
      quantity: decimal.optional(),
      baseuom: z.object({ name: z.string() }).nullish(),
    })
    .nullish(),
});
export type LineRow = z.infer<typeof lineRow>;

const header = {
  '@odata.etag': z.string(),
  name: z
    .string()
    .nullish()
    .transform((text) => text ?? ''),
  statecode: z.number(),
  totalamount: money,
  totalamountlessfreight: money,
  totallineitemamount: money,
  totaltax: money,
  freightamount: money,
  pricingerrorcode: z
    .number()
    .nullish()
    .transform((code) => code ?? 0),
  _pricelevelid_value: lookup,
  [OWNER_NAME]: z.string().nullish(),
  [PRICE_LIST_NAME]: z.string().nullish(),
  customerid_account: accountRow.nullish(),
  customerid_contact: contactRow.nullish(),
  transactioncurrencyid: z
    .object({ transactioncurrencyid: guid, isocurrencycode: z.string(), currencyprecision: z.number().nullish() })
    .nullish(),
};

const shipTo = {
  shipto_name: optionalText(),
  shipto_line1: optionalText(),
  shipto_line2: optionalText(),
  shipto_line3: optionalText(),
  shipto_city: optionalText(),
  shipto_stateorprovince: optionalText(),
  shipto_postalcode: optionalText(),
  shipto_country: optionalText(),
};

const orderRef = z.object({ salesorderid: guid, statecode: z.number() });
const quoteRef = z.object({ quoteid: guid, statecode: z.number() });

export const opportunityRow = z.object({
  ...header,
  opportunityid: guid,
  parentaccountid: accountRow.nullish(),
  product_opportunities: z.array(lineRow.extend({ opportunityproductid: guid })),
  opportunity_quotes: z.array(quoteRef).default([]),
  opportunity_sales_orders: z.array(orderRef).default([]),
});
export type OpportunityRow = z.infer<typeof opportunityRow>;

export const quoteRow = z.object({
  ...header,
  ...shipTo,
  quoteid: guid,
  quotenumber: z.string(),
  _opportunityid_value: lookup,
  quote_details: z.array(lineRow.extend({ quotedetailid: guid })),
  quote_orders: z.array(orderRef).default([]),
});
export type QuoteRow = z.infer<typeof quoteRow>;

export const orderRow = z.object({
  ...header,
  ...shipTo,
  salesorderid: guid,
  ordernumber: z.string(),
  requestdeliveryby: optionalText(),
  _opportunityid_value: lookup,
  _quoteid_value: lookup,
  quoteid: z.object({ _opportunityid_value: lookup }).nullish(),
  order_details: z.array(lineRow.extend({ salesorderdetailid: guid })),
});
export type OrderRow = z.infer<typeof orderRow>;

export const currencyRow = z.object({ isocurrencycode: z.string() });

export const invoiceRow = z.object({
  '@odata.etag': z.string(),
  invoiceid: guid,
  invoicenumber: z.string(),
  totalamount: money,
  statecode: z.number(),
  statuscode: z.number().nullish(),
});

export const orderStateRow = z.object({ '@odata.etag': z.string(), statecode: z.number() });

export const idPage = z.object({
  value: z.array(z.record(z.string(), z.unknown())),
  '@odata.nextLink': z.string().optional(),
});

export const whoAmI = z.object({ UserId: guid, OrganizationId: guid, BusinessUnitId: guid });

export const errorEnvelope = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
