// Runs one of Microsoft's samples as its page does, on the DOM of jsdom: node samples.mjs <folder of the samples> <class>
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { BASE_URL, TOKEN, JSDOM_FOLDER } = process.env;
const [folder, name] = process.argv.slice(2);
const { JSDOM } = createRequire(join(JSDOM_FOLDER, 'package.json'))('jsdom');
const { window } = new JSDOM('<!doctype html><main id="container"></main>');
for (const global of ['document', 'DOMParser', 'XMLSerializer']) globalThis[global] = window[global];
const load = (path) => import(pathToFileURL(join(folder, path)).href);
const { DataverseWebAPI } = await load('scripts/DataverseWebAPI.js');
const { [name]: sample } = await load(`samples/${name}.js`);
const container = document.getElementById('container');
const started = new sample(new DataverseWebAPI.Client(BASE_URL, async () => TOKEN), container);
await started.SetUp();
await started.Run();
await started.CleanUp();
const errors = [...container.querySelectorAll('.error')].map(({ textContent }) => textContent);
process.stdout.write(
  `${JSON.stringify({ errors, expected: container.querySelectorAll('.expectedError').length, text: container.textContent })}\n`,
);
