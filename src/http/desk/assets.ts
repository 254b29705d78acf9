import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Hono } from 'hono';
import { compress } from 'hono/compress';

/** The files of the pages, under names that change with their content, so that a browser asks once. */

const PUBLIC = new URL('../../../public/', import.meta.url);
const require = createRequire(import.meta.url);

interface Asset {
  readonly path: string;
  readonly type: string;
  readonly content: Buffer;
}

export interface Assets {
  readonly style: string;
  readonly script: string;
  readonly htmx: string;
  readonly icon: string;
  readonly routes: Hono;
}

export function loadAssets(): Assets {
  const style = toAsset('desk.css', 'text/css; charset=utf-8', new URL('desk.css', PUBLIC));
  const script = toAsset('desk.js', 'text/javascript; charset=utf-8', new URL('desk.js', PUBLIC));
  const htmx = toAsset('htmx.js', 'text/javascript; charset=utf-8', require.resolve('htmx.org/dist/htmx.min.js'));
  const icon = toAsset('icon.svg', 'image/svg+xml', new URL('icon.svg', PUBLIC));
  const routes = new Hono();
  // Of the files alone: a page holds the session's token beside what somebody typed, and sizes tell of both.
  routes.use('/assets/*', compress());
  for (const { path, type, content } of [style, script, htmx, icon]) {
    routes.get(path, (c) => {
      c.header('content-type', type);
      c.header('cache-control', 'public, max-age=31536000, immutable');
      return c.body(new Uint8Array(content));
    });
  }
  return { style: style.path, script: script.path, htmx: htmx.path, icon: icon.path, routes };
}

function toAsset(name: string, type: string, file: URL | string): Asset {
  const content = readFileSync(file);
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  return { path: `/assets/${hash}/${name}`, type, content };
}
