import { readFileSync } from 'node:fs';
import { Connection, type ConnectionOptions } from '@temporalio/client';

/** The Temporal of a stage, as worker, starter and whoever looks on reach it. */
export interface TemporalPlace {
  readonly address: string;
  /** The settings that name files in PEM, as worker and starter take them; without them nothing is encrypted. */
  readonly tlsSettings?: Readonly<Record<string, string>> | undefined;
}

/** For both connections of the SDK. */
export function toConnectionOptions({ address, tlsSettings }: TemporalPlace) {
  if (!tlsSettings) return { address };
  const read = (setting: string): Buffer => readFileSync(tlsSettings[setting] ?? '');
  const serverName = tlsSettings['TEMPORAL_TLS_SERVER_NAME'];
  return {
    address,
    tls: {
      ...(serverName !== undefined && { serverNameOverride: serverName }),
      serverRootCACertificate: read('TEMPORAL_TLS_SERVER_CA_CERT_PATH'),
      clientCertPair: {
        crt: read('TEMPORAL_TLS_CLIENT_CERT_PATH'),
        key: read('TEMPORAL_TLS_CLIENT_KEY_PATH'),
      },
    },
  } satisfies ConnectionOptions;
}

/** On this machine, whatever proxy the environment names. */
export const connectTo = (place: TemporalPlace): Promise<Connection> =>
  Connection.connect({ ...toConnectionOptions(place), channelArgs: { 'grpc.enable_http_proxy': 0 } });
