import { toFieldWords } from './field-words.js';

/** What is another value than before: field by field, in a table that a telephone shows as a list. */

interface Change {
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

interface Props {
  readonly changes: readonly Change[];
  readonly before: string;
  readonly after: string;
  /** As they stand in a rules file. */
  readonly isOfFile?: true;
}

export function Changes({ changes, before, after, isOfFile }: Props) {
  return (
    <table class="changes">
      <thead>
        <tr>
          <th>{isOfFile ? 'Rule' : 'Field'}</th>
          <th>{before}</th>
          <th>{after}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <tr>
            <th scope="row">{isOfFile ? <code>{change.field}</code> : toFieldWords(change.field)}</th>
            <td data-label={before}>{change.before || 'nothing'}</td>
            <td data-label={after}>{change.after || 'nothing'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
