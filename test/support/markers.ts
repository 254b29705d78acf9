import { existsSync, readFileSync } from 'node:fs';
import type { Simulators } from '@dealbridge/simulators';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';

/** What must not be found where it does not belong (I7): the data of the customers of these deals. */
export function markersOf(simulators: Simulators, deals: readonly SeedDocument[]): string[] {
  const found = deals.flatMap((deal) => {
    const account = simulators.data.accounts[deal.accountIndex];
    if (!account) throw new Error(`no account of ${deal.number}`);
    const people = account.contacts.map(({ firstName, lastName }) => `${firstName} ${lastName}`);
    return [account.name, account.email, account.phone, account.street, deal.name, ...people];
  });
  return [...new Set(found)].filter((text) => text.length >= 6);
}

/** The markers that occur, as they are or in base64 at any of its three positions. */
export function findMarkers(haystack: Buffer, markers: readonly string[]): string[] {
  return markers.filter((marker) => [marker, ...inBase64(marker)].some((form) => haystack.includes(form)));
}

/** Whatever stands around it, these characters of the base64 of a text are always the same. */
function inBase64(text: string): string[] {
  return [0, 1, 2].map((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).toString('base64');
    return whole.slice(offset === 0 ? 0 : 4, -4);
  });
}

/** A SQLite file as it lies on the disk, with what is still in its write-ahead log. */
export function readSqlite(path: string): Buffer {
  const files = [path, `${path}-wal`].filter((file) => existsSync(file));
  return Buffer.concat(files.map((file) => readFileSync(file)));
}
