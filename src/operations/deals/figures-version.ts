import { z } from 'zod';
import type { Figures } from '../../deal/deal.js';
import { UserError } from '../../deal/errors.js';

/**
 * The figures that somebody sees, as one word: it stands in a form or an entity tag and comes back with the decision, so that
 * nobody confirms other figures than were shown (I2).
 */
export function toFiguresVersion({ documentNumber, totalIncludingTax, currency }: Figures): string {
  return Buffer.from(JSON.stringify([documentNumber, totalIncludingTax, currency])).toString('base64url');
}

const content = z.tuple([
  z.string().min(1).max(100),
  z.string().regex(/^-?\d{1,20}(\.\d{1,10})?$/),
  z.string().regex(/^[A-Z]{3}$/),
]);

/** @throws UserError */
export function parseFiguresVersion(version: string): Figures {
  const parsed = content.safeParse(readJson(Buffer.from(version, 'base64url').toString('utf8')));
  if (!parsed.success) throw new UserError('figures', 'the version of the figures that were shown', version);
  const [documentNumber, totalIncludingTax, currency] = parsed.data;
  return { documentNumber, totalIncludingTax, currency };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
