/** Single navigation properties, for each entity that has the field that holds the id. */
export const LINKS: Readonly<Record<string, { readonly set: string; readonly via: string }>> = {
  customer: { set: 'customers', via: 'customerId' },
  currency: { set: 'currencies', via: 'currencyId' },
  paymentTerm: { set: 'paymentTerms', via: 'paymentTermsId' },
  shipmentMethod: { set: 'shipmentMethods', via: 'shipmentMethodId' },
  paymentMethod: { set: 'paymentMethods', via: 'paymentMethodId' },
  item: { set: 'items', via: 'itemId' },
  account: { set: 'accounts', via: 'accountId' },
  itemVariant: { set: 'itemVariants', via: 'itemVariantId' },
  location: { set: 'locations', via: 'locationId' },
  unitOfMeasure: { set: 'unitsOfMeasure', via: 'unitOfMeasureId' },
  baseUnitOfMeasure: { set: 'unitsOfMeasure', via: 'baseUnitOfMeasureId' },
  itemCategory: { set: 'itemCategories', via: 'itemCategoryId' },
  generalProductPostingGroup: { set: 'generalProductPostingGroups', via: 'generalProductPostingGroupId' },
  inventoryPostingGroup: { set: 'inventoryPostingGroups', via: 'inventoryPostingGroupId' },
  dimension: { set: 'dimensions', via: 'dimensionId' },
  dimensionValue: { set: 'dimensionValues', via: 'dimensionValueId' },
};

/** What hangs below an entity, as its page of microsoft/BCApps lists the parts. */
export const PARTS: Readonly<Record<string, readonly string[]>> = {
  customers: ['customerFinancialDetail', 'defaultDimensions', 'contactsInformation', 'documentAttachments'],
  items: ['defaultDimensions', 'itemVariants', 'documentAttachments'],
  dimensions: ['dimensionValues'],
  customerPaymentJournals: ['customerPayments'],
  salesInvoices: ['salesInvoiceLines', 'dimensionSetLines', 'pdfDocument', 'documentAttachments'],
  salesOrders: ['salesOrderLines', 'dimensionSetLines', 'pdfDocument', 'documentAttachments'],
  salesQuotes: ['salesQuoteLines', 'dimensionSetLines', 'pdfDocument', 'documentAttachments'],
  salesCreditMemos: ['salesCreditMemoLines', 'dimensionSetLines', 'pdfDocument', 'documentAttachments'],
  salesInvoiceLines: ['dimensionSetLines'],
  salesOrderLines: ['dimensionSetLines'],
  salesQuoteLines: ['dimensionSetLines'],
  salesCreditMemoLines: ['dimensionSetLines'],
  salesShipments: ['salesShipmentLines', 'pdfDocument', 'documentAttachments', 'dimensionSetLines'],
};
