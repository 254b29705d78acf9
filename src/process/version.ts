import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** Of this installation, as the package.json beside `dist/` has it: what whoever reports a fault is asked for first. */
export const VERSION: string = version;
