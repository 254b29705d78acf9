import type { Context } from 'hono';
import { html, raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import { stream } from 'hono/streaming';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { DeskEnv } from '../authentication/guard.js';
import { parseForm } from '../form.js';
import type { Assets } from './assets.js';
import { createFormat, type Format } from './format.js';
import { CsrfField, Page, type Place } from './layout.js';

/** What every page is given beside its content. */
export interface Frame {
  /** A page of its own, or, where htmx asks for a part, the content alone. */
  show(c: Context<DeskEnv>, page: ShownPage, content: Child): Response | Promise<Response>;
  /** A page whose end comes part by part; whoever leaves it ends the parts. */
  stream(c: Context<DeskEnv>, page: ShownPage, beginning: Child, parts: AsyncIterable<Child>): Promise<Response>;
  /** For the panel over the page: a part where htmx asks, else a page of its own. */
  showPanel(c: Context<DeskEnv>, page: ShownPage, content: Child): Response | Promise<Response>;
}

export interface ShownPage {
  readonly title: string;
  readonly here?: Place;
  readonly status?: ContentfulStatusCode;
}

/** Where the parts of a page stand in it; no text of anybody's becomes a comment. */
const PARTS = '<!--parts-->';

export function createFrame(assets: Assets): Frame {
  const toPage = (c: Context<DeskEnv>, { title, here }: ShownPage, content: Child) =>
    html`<!doctype html>${(
      <Page
        title={title}
        assets={assets}
        person={c.get('session') && c.get('person')}
        csrfToken={c.get('session')?.csrfToken}
        {...(here && { here })}
      >
        {content}
      </Page>
    )}`;
  const show = (c: Context<DeskEnv>, page: ShownPage, content: Child) =>
    c.html(toPage(c, page, content), page.status ?? 200);
  return {
    show,
    async stream(c, page, beginning, parts) {
      const content = (
        <>
          {beginning}
          <div class="parts">{raw(PARTS)}</div>
        </>
      );
      const [head = '', tail = ''] = String(await toPage(c, page, content)).split(PARTS);
      c.header('content-type', 'text/html; charset=UTF-8');
      // A proxy that waits for the end would show no progress.
      c.header('x-accel-buffering', 'no');
      return stream(c, async (out) => {
        await out.write(head);
        for await (const part of parts) {
          if (out.aborted) return;
          await out.write(String(await html`${part}`));
        }
        await out.write(tail);
      });
    },
    showPanel(c, page, content) {
      if (!isPart(c)) {
        return show(
          c,
          page,
          <section class="panel-page">
            <h1 class="visually-hidden">{page.title}</h1>
            {content}
          </section>,
        );
      }
      return c.html(<div>{content}</div>, page.status ?? 200);
    },
  };
}

/** Whether htmx asks for a part that it puts into a page. */
export function isPart(c: Context): boolean {
  return c.req.header('hx-request') !== undefined;
}

export function formatOf(c: Context): Format {
  return createFormat(c.req.header('accept-language'));
}

export type Fields = Readonly<Record<string, string>>;

/** What a form says; files are left out. */
export async function readForm(c: Context): Promise<Fields> {
  const body = await parseForm(c);
  return Object.fromEntries(
    Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** A form that changes something. */
export function Form({
  c,
  action,
  children,
  ...rest
}: {
  readonly c: Context<DeskEnv>;
  readonly action: string;
  readonly children?: Child;
  readonly [attribute: string]: unknown;
}) {
  return (
    <form method="post" action={action} {...rest}>
      <CsrfField token={c.get('session')?.csrfToken} />
      {children}
    </form>
  );
}
