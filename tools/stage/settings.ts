import type { Connection } from '@dealbridge/simulators';

/** The settings of worker and starter that follow from where the simulators are. */
export function settingsFor(to: Connection) {
  return {
    ENTRA_TENANT_ID: to.tenant,
    ENTRA_LOGIN_URL: to.entra,
    DATAVERSE_URL: to.dataverse,
    DATAVERSE_CLIENT_ID: to.dataverseApp.clientId,
    BC_URL: to.businessCentral,
    BC_ENVIRONMENT: to.environment,
    BC_COMPANY: to.company,
    BC_CLIENT_ID: to.businessCentralApp.clientId,
    LOG_LEVEL: 'warn',
  };
}

/** The same secrets by the names of their settings; a stage whose secrets are in the ledger goes without. */
export function secretSettingsFor(to: Connection, webhookSecret: string) {
  return {
    DATAVERSE_CLIENT_SECRET: to.dataverseApp.clientSecret,
    BC_CLIENT_SECRET: to.businessCentralApp.clientSecret,
    WEBHOOK_SECRET: webhookSecret,
  };
}
