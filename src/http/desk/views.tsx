import type { Context } from 'hono';
import type { SavedView } from '../../ledger/desk/views.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { Query } from './filters.js';
import { Form } from './frame.js';

/** The views that a person saved, and the way to save the one that is shown. */

interface Props {
  readonly c: Context<DeskEnv>;
  readonly views: readonly SavedView[];
  readonly query: Query;
}

export function Views({ c, views, query }: Props) {
  const { cursor: _1, limit: _2, ...shown } = query;
  const current = new URLSearchParams(shown).toString();
  const saved = views.find((view) => view.query === current);
  if (views.length === 0 && current === '') return null;
  return (
    <div class="views">
      {views.length > 0 && <span class="light">Your views:</span>}
      {views.map(({ name, query: of }) => (
        <a href={`/?${of}`} {...(of === current && { 'aria-current': 'page' })}>
          {name}
        </a>
      ))}
      {saved ? (
        <Form c={c} action="/views/forget" class="inline">
          <input type="hidden" name="name" value={saved.name} />
          <button class="quiet" type="submit">
            Forget «{saved.name}»
          </button>
        </Form>
      ) : (
        current !== '' && (
          <details class="save">
            <summary>Save this view</summary>
            <Form c={c} action="/views" class="inline">
              <input type="hidden" name="query" value={current} />
              <label>
                <span class="visually-hidden">Name of the view</span>
                <input name="name" required maxlength={60} placeholder="Name of the view" />
              </label>
              <button type="submit">Save</button>
            </Form>
          </details>
        )
      )}
    </div>
  );
}
