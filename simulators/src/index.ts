import { AUDIENCE, type BusinessCentralSim, startBusinessCentral } from './business-central/server.js';
import { type DataverseSim, salesPersonId, startDataverse } from './dataverse/server.js';
import { TokenAuthority } from './entra/authority.js';
import type { SimApp } from './entra/registrations.js';
import { startEntra } from './entra/server.js';
import { SimClock } from './kernel/clock.js';
import { guidFrom } from './kernel/random.js';
import type { SimServer } from './kernel/server.js';
import { type Distributor, type DistributorSize, makeDistributor } from './seed/distributor.js';

export interface SimulatorOptions extends Partial<DistributorSize> {
  /** A second Business Central: one company in another environment of the same tenant, at an address of its own. */
  readonly abroad?:
    | {
        readonly environment: string;
        readonly companyName: string;
        /** The app registration that it takes; that of the first one when none is given. */
        readonly app?: SimApp | undefined;
      }
    | undefined;
  /** A new organization and a new company, and nobody has registered an app or let one in (docs/simulators.md). */
  readonly isBare?: boolean | undefined;
  /** Where to listen, and the name by which clients reach it; 127.0.0.1 for both by default. */
  readonly host?: string | undefined;
  readonly publicHost?: string | undefined;
  /** 0 is a free port. */
  readonly ports?: { readonly entra: number; readonly dataverse: number; readonly businessCentral: number };
}

/** All that a client needs to connect; the one JSON line that `npm run simulators` prints. */
export interface Connection {
  readonly entra: string;
  readonly dataverse: string;
  readonly businessCentral: string;
  readonly tenant: string;
  readonly environment: string;
  readonly company: string;
  /** A user of Sales for the header `MSCRMCallerID`; without it a request is the Application User's own. */
  readonly salesPersonId: string;
  readonly dataverseApp: SimApp & { readonly scope: string };
  readonly businessCentralApp: SimApp & { readonly scope: string };
  /** People sign in to it (`<entra>/<tenant>/v2.0` is the issuer), and its API takes tokens for the scope. */
  readonly deskApp: SimApp & { readonly scope: string };
}

export interface Simulators {
  readonly connection: Connection;
  readonly clock: SimClock;
  readonly data: Distributor;
  readonly entra: SimServer;
  readonly dataverse: DataverseSim;
  readonly businessCentral: BusinessCentralSim;
  /** When it was asked for. */
  readonly abroad: BusinessCentralSim | undefined;
  stop(): Promise<void>;
}

const DEFAULT_SEED = 4_100;
const ENVIRONMENT = 'Production';

/** The three simulators together, with one clock and one tenant. */
export async function startSimulators(options: SimulatorOptions = {}): Promise<Simulators> {
  const ports = options.ports ?? { entra: 0, dataverse: 0, businessCentral: 0 };
  const { isBare } = options;
  const seeded = makeDistributor({ ...options, seed: options.seed ?? DEFAULT_SEED });
  const data = isBare ? { ...seeded, products: [], accounts: [], documents: [], archive: [] } : seeded;
  const tenant = guidFrom('tenant');
  const clock = new SimClock();
  const authority = new TokenAuthority(clock);
  const salesApp: SimApp = { clientId: guidFrom('dataverse app'), clientSecret: 'simulated-dataverse-secret' };
  const bcApp: SimApp = { clientId: guidFrom('business central app'), clientSecret: 'simulated-bc-secret' };
  const deskApp: SimApp = {
    clientId: guidFrom('desk app'),
    clientSecret: 'simulated-desk-secret',
    redirectUris: ['http://127.0.0.1/sign-in/callback', 'http://localhost/sign-in/callback'],
  };
  const { host, publicHost } = options;
  const common = { clock, authority, tenant, distributor: data, host, publicHost, isBare };
  const dataverse = await startDataverse({ ...common, port: ports.dataverse, clientId: salesApp.clientId });
  const businessCentral = await startBusinessCentral({
    ...common,
    port: ports.businessCentral,
    environment: ENVIRONMENT,
    clientId: bcApp.clientId,
  });
  const abroad =
    options.abroad &&
    (await startBusinessCentral({
      ...common,
      port: 0,
      distributor: { ...data, companyName: options.abroad.companyName },
      environment: options.abroad.environment,
      clientId: (options.abroad.app ?? bcApp).clientId,
    }));
  const known = isBare ? [deskApp] : [salesApp, bcApp, deskApp];
  const apps = [...known, ...(options.abroad?.app ? [options.abroad.app] : [])];
  const audiences = (): string[] => [AUDIENCE, dataverse.origin];
  const entra = await startEntra({ ...common, port: ports.entra, apps, audiences });
  return {
    connection: {
      entra: entra.origin,
      dataverse: dataverse.origin,
      businessCentral: businessCentral.origin,
      tenant,
      environment: ENVIRONMENT,
      company: data.companyName,
      salesPersonId: salesPersonId(tenant),
      dataverseApp: { ...salesApp, scope: `${dataverse.origin}/.default` },
      businessCentralApp: { ...bcApp, scope: `${AUDIENCE}/.default` },
      deskApp: { ...deskApp, scope: `api://${deskApp.clientId}/.default` },
    },
    clock,
    data,
    entra,
    dataverse,
    businessCentral,
    abroad,
    async stop() {
      await Promise.all([entra.stop(), dataverse.stop(), businessCentral.stop(), abroad?.stop()]);
    },
  };
}
