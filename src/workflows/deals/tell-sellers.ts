import type { SellerNoteCounts } from '../../activities/deals/tell-sellers.js';
import { feed } from '../activity-options.js';

/** Every minute: the note of each deal in Sales is brought to how the deal stands. */
export function tellSellers(): Promise<SellerNoteCounts> {
  return feed.tellSellers();
}
