/** Whether an address can be read with the user and password that it may have: in these a `%` that stands for itself is `%25`. */
export function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}
