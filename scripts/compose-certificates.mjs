// `npm run compose:certificates -- FOLDER`: a CA for Temporal alone, and what it signed: for the server, and for whoever speaks to it.

import { makeCertificates } from './lib/certificates.mjs';
import { say } from './lib/say.mjs';
import { endWith } from './setup.mjs';

const folder = process.argv[2];
if (!folder) {
  say('which folder? npm run compose:certificates -- /etc/dealbridge-certificates');
  process.exit(2);
}
await makeCertificates(folder).catch(endWith);
say(
  `${folder}/server is for Temporal, ${folder}/client for the others. ca.key signs the next ones: keep it elsewhere.`,
);
