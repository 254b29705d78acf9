import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { type EmbeddedLedger, startEmbeddedLedger } from '../../src/ledger/embedded/server.js';

/** An empty ledger in memory, from an image of what PGlite initializes: the first test that needs one on a machine makes it. */
export async function openEmbeddedLedger(): Promise<EmbeddedLedger> {
  return startEmbeddedLedger({ image: new Blob([readImage() ?? (await makeImage())]) });
}

const FOLDER = 'node_modules/.cache/dealbridge';
const { version } = JSON.parse(readFileSync('node_modules/@electric-sql/pglite/package.json', 'utf8')) as {
  version: string;
};
/** Another version may initialize something else. */
const IMAGE = join(FOLDER, `pglite-${version}.tar`);

function readImage(): Buffer<ArrayBuffer> | undefined {
  try {
    return readFileSync(IMAGE);
  } catch {
    return undefined;
  }
}

async function makeImage(): Promise<Buffer<ArrayBuffer>> {
  const db = await PGlite.create('memory://');
  const image = Buffer.from(await (await db.dumpDataDir('none')).arrayBuffer());
  await db.close();
  mkdirSync(FOLDER, { recursive: true });
  // Two files may need it at once, and neither reads half of one.
  const written = `${IMAGE}.${randomUUID()}`;
  writeFileSync(written, image);
  renameSync(written, IMAGE);
  return image;
}
