/** Of a document of thousands of lines a page shows the first ones, and before the others those that somebody has to see. */

const MAX_LINES = 200;

/** The address of the page with every line. */
export const ALL_LINES = 'lines=all';

export interface ShownLines<Line> {
  readonly shown: readonly Line[];
  /** How many there are. */
  readonly all: number;
}

/** @param matters lines that are shown first when not all are; they stay in their order */
export function cutLines<Line>(
  lines: readonly Line[],
  isWhole: boolean,
  matters: (line: Line) => boolean = () => false,
): ShownLines<Line> {
  const all = lines.length;
  if (isWhole || all <= MAX_LINES) return { shown: lines, all };
  const first = new Set<Line>();
  for (const line of [...lines.filter(matters), ...lines]) if (first.size < MAX_LINES) first.add(line);
  return { shown: lines.filter((line) => first.has(line)), all };
}

export function CutNotice(props: {
  readonly of: ShownLines<unknown>;
  readonly path: string;
  readonly children?: string | undefined;
}) {
  const { of, path, children } = props;
  if (of.shown.length === of.all) return null;
  return (
    <p>
      {of.shown.length} of {of.all} lines are shown{children}. <a href={`${path}?${ALL_LINES}`}>Show all lines</a>
    </p>
  );
}
