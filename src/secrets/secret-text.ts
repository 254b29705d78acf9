/** What may be a secret: one of blanks, or of one character over and over, protects nothing. */

/** A shorter one of our own could be guessed. */
const MIN_SECRET_LENGTH = 16;
const MIN_DIFFERENT_CHARACTERS = 6;

/** As it stands in a header, an address or a form: every character can be sent in all three. */
const VISIBLE = /^[\x21-\x7e]+$/;
const PADDED = /^\s|\s$|\p{Cc}/u;

export interface SecretProblem {
  readonly expected: string;
  /** Never the secret or a part of it. */
  readonly found: string;
}

/** One that others choose for us, such as Entra. */
export function findSecretProblem(text: string): SecretProblem | undefined {
  if (text.trim() === '') return { expected: 'a secret', found: 'nothing but blanks' };
  if (!PADDED.test(text)) return undefined;
  return { expected: 'a secret without blanks around it and control characters', found: 'one with them' };
}

/** One that callers show to us; whoever sets it chooses it, so that it has to be hard to guess. */
export function findOwnSecretProblem(text: string): SecretProblem | undefined {
  if (text.trim() === '') return findSecretProblem(text);
  if (text.length < MIN_SECRET_LENGTH)
    return {
      expected: `at least ${MIN_SECRET_LENGTH} characters`,
      found: text.length === 1 ? '1 character' : `${text.length} characters`,
    };
  if (!VISIBLE.test(text)) return { expected: 'visible ASCII characters without blanks', found: 'others among them' };
  const different = new Set(text).size;
  if (different >= MIN_DIFFERENT_CHARACTERS) return undefined;
  return { expected: `at least ${MIN_DIFFERENT_CHARACTERS} different characters`, found: `${different}` };
}
