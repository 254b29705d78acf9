import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, SetUpError } from './run.mjs';

/** As docker-compose.yml calls the server; and this machine, where it runs without containers. */
const SERVER_NAMES = 'DNS:temporal,DNS:localhost,IP:127.0.0.1';
/** Half of what browsers once took; whoever wants less runs it again. */
const DAYS = 400;
const CA_DAYS = 3_650;
const NO_DEFAULTS = '[req]\ndistinguished_name = dn\n[dn]\n';
const ADVICE = 'It takes OpenSSL 3.';

/**
 * `server/` and `client/` for the two sides, each with the CA beside it. The folder is closed to others; the files are not, because the
 * users inside the containers are not those of this machine.
 */
export async function makeCertificates(folder) {
  const at = (name) => join(folder, name);
  // It is there until all are made: what a run before left that did not come to its end is nobody's.
  const isUnfinished = existsSync(at('openssl.cnf'));
  if (existsSync(at('ca.key')) && !isUnfinished)
    throw new SetUpError(`${folder} has certificates already: name another folder`);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  if (isUnfinished) for (const side of ['server', 'client']) rmSync(at(side), { recursive: true, force: true });
  writeFileSync(at('openssl.cnf'), NO_DEFAULTS);
  const make = (name, common, days, extensions, signer = []) =>
    must(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-config',
          at('openssl.cnf'),
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:P-256',
          '-nodes',
        ],
        ...['-days', String(days), '-subj', `/CN=${common}`, '-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)],
        ...extensions.flatMap((extension) => ['-addext', extension]),
        ...signer,
      ],
      ADVICE,
    );
  await make('ca', 'Dealbridge, CA of Temporal', CA_DAYS, [
    'basicConstraints=critical,CA:TRUE',
    'keyUsage=keyCertSign',
  ]);
  const byCa = ['-CA', at('ca.crt'), '-CAkey', at('ca.key')];
  // The server's parts are clients of each other.
  const both = ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=serverAuth,clientAuth'];
  await make('server', 'temporal', DAYS, [...both, `subjectAltName=${SERVER_NAMES}`], byCa);
  await make('client', 'dealbridge', DAYS, ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=clientAuth'], byCa);
  for (const side of ['server', 'client']) {
    mkdirSync(at(side));
    for (const name of ['ca.crt', `${side}.crt`, `${side}.key`]) {
      copyFileSync(at(name), join(folder, side, name));
      chmodSync(join(folder, side, name), 0o444);
    }
    for (const name of [`${side}.crt`, `${side}.key`]) rmSync(at(name));
  }
  chmodSync(at('ca.key'), 0o400);
  rmSync(at('openssl.cnf'));
}
