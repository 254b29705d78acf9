import { HOLD_OWNERS } from '../deal/holds.js';
import { DEAL_STATES } from '../deal/states.js';
import { TURN_OWNERS } from '../deal/turns.js';

/** Which deals a command is about, as `list` finds them. */
export const CHOICE_OPTIONS = {
  state: ['--state <state...>', DEAL_STATES.join(', ')],
  reason: ['--reason <reason...>', 'of those that are held, such as customer-missing'],
  owner: ['--owner <owner>', `whose move it is: ${[...HOLD_OWNERS, ...TURN_OWNERS].join(', ')}`],
  olderThan: ['--older-than <time>', 'waiting for longer than 30m, 12h or 2d'],
  above: ['--above <amount>', 'with an amount above this, gross where tax is stated'],
  company: ['--company <name>', 'of Business Central, by name or id'],
} as const;
