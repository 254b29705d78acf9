import type { Connection } from '@dealbridge/simulators';

export function dataverseRoot({ dataverse }: Connection): string {
  return `${dataverse}/api/data/v9.2`;
}

export function businessCentralRoot({ businessCentral, environment }: Connection): string {
  return `${businessCentral}/v2.0/${environment}/api/v2.0`;
}
