// The development server has no flag for `codec.includeCredentials`, and without it its Web UI sends no cookie to the
// codec endpoint: whoever has signed in there would still read sealed payloads. This stands before the Web UI, passes
// everything on as it is, and says so in the one answer that the UI takes its settings from.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { SetUpError } from './run.mjs';

const SETTINGS = /^\/api\/v1\/settings(\?|$)/;

/** Serves what the Web UI on `target` serves, on `port`; with the endpoint that opens payloads, and its cookie sent along. */
export async function startWebUi({ port, target, codecEndpoint }) {
  const server = createServer((incoming, outgoing) => {
    const isSettings = SETTINGS.test(incoming.url ?? '');
    const headers = { ...incoming.headers, ...(isSettings && { 'accept-encoding': 'identity' }) };
    const { method, url: path } = incoming;
    const passed = request({ host: '127.0.0.1', port: target, method, path, headers }, (answer) => {
      if (isSettings && answer.statusCode === 200) void sendSettings(answer, outgoing, codecEndpoint);
      else {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      }
    });
    passed.once('error', () => {
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(502).end('the Web UI of the Temporal server does not answer');
    });
    outgoing.once('close', () => passed.destroy());
    incoming.pipe(passed);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error) => {
    throw new SetUpError(`The Web UI of Temporal cannot listen on port ${port} (${error.code}): is it taken?`);
  });
  return {
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function sendSettings(answer, outgoing, codecEndpoint) {
  const chunks = [];
  for await (const chunk of answer) chunks.push(chunk);
  const settings = JSON.parse(Buffer.concat(chunks).toString());
  const body = JSON.stringify({
    ...settings,
    Codec: { ...settings.Codec, Endpoint: codecEndpoint, IncludeCredentials: true },
  });
  const { 'content-length': _length, 'transfer-encoding': _encoding, ...headers } = answer.headers;
  outgoing.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
