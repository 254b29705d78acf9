import { dialog } from './errors.js';

/** One or more addresses with semicolons between them; each is trimmed and has one `@` (reference/business-central 2.2). */
export function checkAddresses(text: string): void {
  if (text === '') return;
  for (const part of text.replace(/^;+|;+$/g, '').split(';')) {
    const address = part.trim();
    if (!/^[^\s@,]+@[^\s@,]+$/.test(address)) throw dialog(`The email address "${address}" is not valid.`);
  }
}
