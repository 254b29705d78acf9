/** `1 seal`, `2 seals`: how many of something. */
export function plural(count: number | bigint | string, one: string, many = `${one}s`): string {
  return `${count} ${String(count) === '1' ? one : many}`;
}
