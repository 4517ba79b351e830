/** What one page, or one sitemap, gave to the source `web`. */

import { contentId } from '../../core/ids.js';
import type { Loss } from '../../core/reasons.js';
import type { Candidate, Reject } from '../../core/types.js';

export interface Found {
  readonly candidates: Candidate[];
  readonly rejects: Reject[];
  /** Pages that may be visited. */
  readonly links: string[];
}

/** A page that gave nothing. Its record has no image and no text, only where it was. */
export function lostPage(pageUrl: string, loss: Loss): Found {
  const reject: Reject = {
    id: contentId(pageUrl),
    imageUrl: '',
    text: '',
    textSource: 'alt',
    pageUrl,
    source: 'web',
    stage: 'discover',
    ...loss,
  };
  return { candidates: [], rejects: [reject], links: [] };
}
