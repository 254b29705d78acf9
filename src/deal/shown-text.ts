/** What a message may repeat of what somebody typed: it is printed, logged and sent on, and a secret may stand in the wrong place. */

export const NOT_SHOWN = 'a value that is not shown';

/** Longer ones are no words, and nobody reads them in a message. */
const MAX_WORD = 16;
const SECRETS = [
  /-----BEGIN/,
  // As Entra makes client secrets.
  /\dQ~/,
  /[0-9a-f]{32}/i,
];

/** By its looks: a word such as `hunter2` looks like any other. */
export function mayBeSecret(text: string): boolean {
  if (SECRETS.some((pattern) => pattern.test(text))) return true;
  return text
    .split(/[^A-Za-z0-9+=~]+/)
    .some((part) => part.length >= MAX_WORD && /[a-z]/.test(part) && /[A-Z]/.test(part) && /\d/.test(part));
}

/** Of an address: who signs in and what is asked with it may be secret, also where it cannot be parsed. */
export function withoutSecrets(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^\s/?#]*[^\s?#]*@/i, '$1…@').replace(/[?#].*$/s, '…');
}

/** In quotes, or that it is not shown. */
export function quote(text: string): string {
  const shown = text.includes('://') ? withoutSecrets(text) : text;
  return mayBeSecret(shown) ? NOT_SHOWN : `'${shown}'`;
}
