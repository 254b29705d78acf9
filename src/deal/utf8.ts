/**
 * What somebody has saved as text. Other encodings are what some editors choose when nobody tells them otherwise: read as UTF-8, each
 * letter that they write in another way would become `�`, and go to Business Central like that.
 */
export function decodeUtf8(bytes: Uint8Array): { readonly text: string } | { readonly brokenLine: number } {
  const text = decode(bytes);
  return text === undefined ? { brokenLine: findBrokenLine(bytes) } : { text };
}

const LINE_BREAK = 0x0a;

/** No part of a longer letter looks like a line break. */
function findBrokenLine(bytes: Uint8Array): number {
  for (let start = 0, line = 1; ; line += 1) {
    const end = bytes.indexOf(LINE_BREAK, start);
    if (end < 0 || decode(bytes.subarray(start, end)) === undefined) return line;
    start = end + 1;
  }
}

/** Without the mark that editors of Windows begin with. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
