import type { ResumedDeals } from '../../activities/deals/resume-deals.js';
import { feed } from '../activity-options.js';

/** Every ten minutes: deals that stand still although they should not are taken up again. */
export function resumeDeals(): Promise<ResumedDeals> {
  return feed.resumeDeals();
}
