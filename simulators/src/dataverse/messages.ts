/** The functions and actions that are served, with their parameters, for `$metadata` (reference/dataverse-sales 3.2). */

export interface Message {
  readonly name: string;
  readonly kind: 'Function' | 'Action';
  /** The table it is bound to; with `[]` to its rows together. */
  readonly boundTo?: string;
  /** `name:type`, a table's name for a row, `?` behind what may be left out. */
  readonly parameters: string;
  readonly returns?: string;
}

const action = (name: string, parameters: string, returns?: string, boundTo?: string): Message => ({
  name,
  kind: 'Action',
  parameters,
  ...(returns !== undefined && { returns }),
  ...(boundTo !== undefined && { boundTo }),
});
const fromOpportunity = (document: string, table: string): readonly Message[] => [
  action(`Generate${document}FromOpportunity`, 'OpportunityId:Edm.Guid ColumnSet:mscrm.ColumnSet', table),
  action(`Get${document}ProductsFromOpportunity`, `OpportunityId:Edm.Guid ${document}Id:Edm.Guid`),
];

export const MESSAGES: readonly Message[] = [
  { name: 'WhoAmI', kind: 'Function', parameters: '', returns: 'mscrm.WhoAmIResponse' },
  { name: 'RetrieveVersion', kind: 'Function', parameters: '', returns: 'mscrm.RetrieveVersionResponse' },
  {
    name: 'RetrieveAvailableLanguages',
    kind: 'Function',
    parameters: '',
    returns: 'mscrm.RetrieveAvailableLanguagesResponse',
  },
  {
    name: 'RetrieveUserPrivileges',
    kind: 'Function',
    parameters: '',
    returns: 'mscrm.RetrieveUserPrivilegesResponse',
    boundTo: 'systemuser',
  },
  action('WinOpportunity', 'OpportunityClose:opportunityclose Status:Edm.Int32'),
  action('LoseOpportunity', 'OpportunityClose:opportunityclose Status:Edm.Int32'),
  action('WinQuote', 'QuoteClose:quoteclose Status:Edm.Int32'),
  action('CloseQuote', 'QuoteClose:quoteclose Status:Edm.Int32'),
  action('ReviseQuote', 'QuoteId:Edm.Guid ColumnSet:mscrm.ColumnSet', 'quote'),
  action('CancelSalesOrder', 'OrderClose:orderclose Status:Edm.Int32'),
  action('FulfillSalesOrder', 'OrderClose:orderclose Status:Edm.Int32', undefined, 'salesorder[]'),
  action('LockSalesOrderPricing', '', undefined, 'salesorder'),
  action('UnlockSalesOrderPricing', 'SalesOrderId:Edm.Guid'),
  action('LockInvoicePricing', '', undefined, 'invoice'),
  action('UnlockInvoicePricing', 'InvoiceId:Edm.Guid'),
  action(
    'ConvertQuoteToSalesOrder',
    'QuoteId:Edm.Guid ColumnSet:mscrm.ColumnSet QuoteCloseDate:Edm.DateTimeOffset? QuoteCloseStatus:Edm.Int32? QuoteCloseSubject:Edm.String? QuoteCloseDescription:Edm.String? ProcessInstanceId:Edm.Guid?',
    'salesorder',
  ),
  action(
    'ConvertSalesOrderToInvoice',
    'SalesOrderId:Edm.Guid ColumnSet:mscrm.ColumnSet ProcessInstanceId:Edm.Guid?',
    'invoice',
  ),
  ...fromOpportunity('Quote', 'quote'),
  ...fromOpportunity('SalesOrder', 'salesorder'),
  ...fromOpportunity('Invoice', 'invoice'),
  {
    name: 'RetrieveMetadataChanges',
    kind: 'Function',
    parameters: 'Query:mscrm.EntityQueryExpression',
    returns: 'mscrm.RetrieveMetadataChangesResponse',
  },
  action('CreateEntities', 'Entities:Collection(mscrm.ComplexEntityMetadata) SolutionUniqueName:Edm.String?'),
  action(
    'BulkDelete',
    'QuerySet:Collection(mscrm.QueryExpression) JobName:Edm.String SendEmailNotification:Edm.Boolean ToRecipients:activityparty[] CCRecipients:activityparty[] RecurrencePattern:Edm.String StartDateTime:Edm.DateTimeOffset',
    'mscrm.BulkDeleteResponse',
  ),
  action('PublishAllXml', ''),
  action('PublishXml', 'ParameterXml:Edm.String'),
];

/** Structured types of answers and parameters: `name:type` each. */
export const COMPLEX_TYPES: Readonly<Record<string, string>> = {
  WhoAmIResponse: 'BusinessUnitId:Edm.Guid UserId:Edm.Guid OrganizationId:Edm.Guid',
  RetrieveVersionResponse: 'Version:Edm.String',
  RetrieveAvailableLanguagesResponse: 'LocaleIds:Collection(Edm.Int32)',
  RetrieveUserPrivilegesResponse: 'RolePrivileges:Collection(mscrm.RolePrivilege)',
  RolePrivilege:
    'Depth:mscrm.PrivilegeDepth PrivilegeId:Edm.Guid BusinessUnitId:Edm.Guid PrivilegeName:Edm.String RecordFilterId:Edm.Guid RecordFilterUniqueName:Edm.String',
  ColumnSet: 'AllColumns:Edm.Boolean Columns:Collection(Edm.String)',
  CreateMultipleResponse: 'Ids:Collection(Edm.Guid)',
  BulkDeleteResponse: 'JobId:Edm.Guid',
  QueryExpression: 'EntityName:Edm.String ColumnSet:mscrm.ColumnSet Criteria:mscrm.FilterExpression',
  FilterExpression: 'FilterOperator:Edm.String Conditions:Collection(mscrm.ConditionExpression)',
  ConditionExpression: 'AttributeName:Edm.String Operator:Edm.String Values:Collection(mscrm.Object)',
  Object: 'Value:Edm.String Type:Edm.String',
  EntityQueryExpression:
    'Properties:mscrm.MetadataPropertiesExpression Criteria:mscrm.MetadataFilterExpression AttributeQuery:mscrm.AttributeQueryExpression',
  AttributeQueryExpression: 'Properties:mscrm.MetadataPropertiesExpression Criteria:mscrm.MetadataFilterExpression',
  MetadataPropertiesExpression: 'AllProperties:Edm.Boolean PropertyNames:Collection(Edm.String)',
  MetadataFilterExpression: 'FilterOperator:Edm.String Conditions:Collection(mscrm.MetadataConditionExpression)',
  MetadataConditionExpression: 'PropertyName:Edm.String ConditionOperator:Edm.String Value:mscrm.Object',
  RetrieveMetadataChangesResponse:
    'ServerVersionStamp:Edm.String EntityMetadata:Collection(mscrm.ComplexEntityMetadata)',
  ComplexEntityMetadata:
    'SchemaName:Edm.String LogicalName:Edm.String DisplayName:mscrm.Label DisplayCollectionName:mscrm.Label Description:mscrm.Label OwnershipType:Edm.String HasNotes:Edm.Boolean HasActivities:Edm.Boolean IsActivity:Edm.Boolean Attributes:Collection(mscrm.ComplexAttributeMetadata)',
  ComplexAttributeMetadata:
    'SchemaName:Edm.String LogicalName:Edm.String DisplayName:mscrm.Label IsPrimaryName:Edm.Boolean MaxLength:Edm.Int32',
  Label: 'LocalizedLabels:Collection(mscrm.LocalizedLabel) UserLocalizedLabel:mscrm.LocalizedLabel',
  LocalizedLabel: 'Label:Edm.String LanguageCode:Edm.Int32',
};

export const ENUM_TYPES: Readonly<Record<string, readonly string[]>> = {
  PrivilegeDepth: ['Basic', 'Local', 'Deep', 'Global', 'RecordFilter'],
};
