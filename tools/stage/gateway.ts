import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Simulators } from '@dealbridge/simulators';

/** One address for two environments of Business Central, as the real one has: what names the second goes there. */
export async function openGateway(
  { connection, abroad }: Simulators,
  environment: string | undefined,
): Promise<{ readonly origin: string; stop(): Promise<void> } | undefined> {
  if (!abroad || environment === undefined) return undefined;
  const second = `/v2.0/${connection.tenant}/${encodeURIComponent(environment)}/`;
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '/';
    const to = new URL(path.startsWith(second) ? abroad.origin : connection.businessCentral);
    const { method, headers } = incoming;
    const passed = request({ hostname: to.hostname, port: to.port, path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
