import { z } from 'zod';
import { HOLDS, type HoldReason } from '../../deal/holds.js';
import { nullable } from '../read-rows.js';
import { nameOf } from '../stored-content.js';

/**
 * Of a held deal among others, for people. A reason that this version does not know, since a later one wrote it, is a fault
 * that IT looks into: it hides neither its deal nor the others (I6, I13).
 */
export const shownReason = nullable(nameOf<HoldReason>(HOLDS)).catch('internal-error');

export const otherShownReasons = z.array(nameOf<HoldReason>(HOLDS).catch('internal-error'));
