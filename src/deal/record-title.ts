/** What a record is about, beside its number; undefined for an opportunity, which has none and is called by its name. */
export function titleBeside({
  number,
  name,
}: {
  readonly number: string | undefined;
  readonly name: string | undefined;
}): string | undefined {
  return name === number ? undefined : name;
}
