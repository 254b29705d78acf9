import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getToken } from '../support/tokens.js';
import { fetchFromMaven, hasRuntime, run } from './fetched.js';
import { businessCentralRoot, dataverseRoot } from './roots.js';

/** Apache Olingo's client for Java, from Maven Central: strict about metadata, on both systems. */

/** What http://vocabularies.odata.org/OData.Community.Keys.V1.xml declares; Dataverse's metadata refers to it. */
const KEYS = `<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="OData.Community.Keys.V1" Alias="Keys" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<Term Name="AlternateKeys" AppliesTo="EntityType EntitySet NavigationProperty" Type="Collection(Keys.AlternateKey)" />
<ComplexType Name="AlternateKey"><Property Name="Key" Type="Collection(Keys.PropertyRef)" /></ComplexType>
<ComplexType Name="PropertyRef"><Property Name="Name" Type="Edm.PropertyPath" /><Property Name="Alias" Type="Edm.String" /></ComplexType>
</Schema></edmx:DataServices></edmx:Edmx>`;

const hasJava = (await hasRuntime('javac', '-version')) && (await hasRuntime('mvn', '--version'));

describe.skipIf(!hasJava)('org.apache.olingo:odata-client-core (Maven)', () => {
  let simulators: Simulators;
  let classes: string;
  const vocabularies = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(KEYS);
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => vocabularies.listen(0, '127.0.0.1', resolve));
    classes = await fetchFromMaven('org.apache.olingo', 'odata-client-core', '5.0.0');
    simulators = await startSimulators({ products: 10, accounts: 40, documents: 6 });
  });
  afterAll(async () => {
    vocabularies.close();
    await simulators?.stop();
  });

  async function olingo(...args: string[]): Promise<void> {
    const driver = join(import.meta.dirname, 'drivers/Olingo.java');
    const { code, output } = await run('java', ['-cp', classes, driver, ...args], {
      env: { VOCABULARIES: `http://127.0.0.1:${(vocabularies.address() as AddressInfo).port}` },
    });
    expect(code, output).toBe(0);
    expect(output).toContain('all done');
  }

  it('runs whole on Dataverse', async () => {
    const { connection } = simulators;
    const token = await getToken(connection, connection.dataverseApp);
    const root = dataverseRoot(connection);
    await olingo(root, root, token, 'accounts', 'accountid', 'name', 'primarycontactid');
  });

  it('runs whole on Business Central', async () => {
    const { connection } = simulators;
    const token = await getToken(connection, connection.businessCentralApp);
    const root = businessCentralRoot(connection);
    const response = await fetch(`${root}/companies`, { headers: { authorization: `Bearer ${token}` } });
    const { value } = (await response.json()) as { value: readonly { id: string }[] };
    await olingo(root, `${root}/companies(${value[0]?.id})`, token, 'customers', 'id', 'displayName', 'currency');
  });
});
