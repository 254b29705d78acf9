/** Long texts in short lines: each line break starts a new one, and a word is only cut when it is longer than a line. */
export function toTextLines(text: string, length: number): string[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
    .flatMap((paragraph) => wrap(paragraph, length));
}

function wrap(paragraph: string, length: number): string[] {
  const lines: string[] = [];
  let rest = paragraph;
  while (rest.length > length) {
    const blank = rest.lastIndexOf(' ', length);
    // Half of a character that takes two code units would be a broken one.
    const end = blank > 0 ? blank : isHigh(rest, length - 1) ? length - 1 : length;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  if (rest !== '') lines.push(rest);
  return lines;
}

/** The first characters, never half of one. */
export function cutTo(text: string, length: number): string {
  if (text.length <= length) return text;
  return text.slice(0, isHigh(text, length - 1) ? length - 1 : length);
}

function isHigh(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xd8_00 && unit <= 0xdb_ff;
}
