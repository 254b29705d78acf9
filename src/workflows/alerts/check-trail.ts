import type { CheckedTrail } from '../../activities/alerts/check-trail.js';
import { trail } from '../activity-options.js';

/** Once a day: the audit trail is proved as a whole, and a break is an alert. */
export function checkTrail(): Promise<CheckedTrail> {
  return trail.checkTrail();
}
