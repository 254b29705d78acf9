// `npm run compose:secrets -- FOLDER`: a random password for each role of docker-compose.yml and for Grafana; what is there stays as it is.
// The folder is closed to others; the files are not, because the users inside the containers are not those of this machine.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './lib/say.mjs';

const folder = process.argv[2];
if (!folder) {
  say('which folder? npm run compose:secrets -- /etc/dealbridge-secrets');
  process.exit(2);
}
const password = () => randomBytes(24).toString('base64url');
const ledger = (role) => `postgres://${role}:${password()}@postgres:5432/dealbridge`;
const SECRETS = {
  postgres_password: password(),
  temporal_password: password(),
  grafana_password: password(),
  ledger_owner_url: ledger('dealbridge_owner'),
  ledger_app_url: ledger('dealbridge_app'),
  ledger_reader_url: ledger('dealbridge_reader'),
};
mkdirSync(folder, { recursive: true });
chmodSync(folder, 0o700);
for (const [name, value] of Object.entries(SECRETS)) {
  const path = join(folder, name);
  if (existsSync(path)) say(`${path}: is there, stays`);
  else {
    writeFileSync(path, `${value}\n`, { mode: 0o444, flag: 'wx' });
    chmodSync(path, 0o444);
    say(`${path}: made`);
  }
}
