/** What reasons and stages are called in front of people. A new reason does not compile without one. */

import type { Reason } from '../core/reasons.js';
import type { StageName } from '../core/types.js';

export const REASON_WORDS: Readonly<Record<Reason, string>> = {
  bad_url: 'not a usable URL',
  private_address: 'private network address',
  robots_disallowed: 'disallowed by robots.txt',
  robots_unreachable: 'robots.txt could not be read',
  opt_out: 'opted out of data mining',
  dns: 'host name not found',
  connect: 'no connection',
  tls: 'TLS error',
  reset: 'connection reset',
  timeout: 'timed out',
  http_server_error: 'server error (5xx)',
  http_too_many_requests: 'too many requests (429)',
  http_client_error: 'refused or missing (4xx)',
  redirect_loop: 'redirect loop',
  too_many_redirects: 'too many redirects',
  too_many_bytes: 'larger than the byte limit',
  truncated: 'ended early',
  bad_response: 'malformed response',
  wrong_content_type: 'wrong content type',
  hash_mismatch: 'not the bytes that the list states',
  bad_row: 'malformed row',
  bad_record: 'damaged archive record',
  no_text: 'no text',
  text_too_short: 'text too short',
  text_too_long: 'text too long',
  filename_text: 'text is a file name',
  not_english: 'not in a wanted language',
  duplicate_candidate: 'same image and text again',
  no_query: 'matches no query',
  over_cap: 'over the cap of every query it matches',
  same_image_url: 'same image URL, another text',
  undecodable: 'cannot be decoded',
  unsupported_format: 'unsupported image format',
  too_many_pixels: 'too many pixels',
  image_too_small: 'image too small',
  aspect_ratio: 'too long or too wide',
  animated: 'animated',
  blank: 'blank image',
  duplicate_exact: 'exact duplicate',
  duplicate_near: 'near duplicate',
};

export const STAGE_WORDS: Readonly<Record<StageName, { title: string; about: string }>> = {
  discover: { title: 'Discover', about: 'pages and list rows that gave nothing' },
  select: { title: 'Select', about: 'candidates dropped on their text alone, never downloaded' },
  fetch: { title: 'Fetch', about: 'selected images that did not become rows' },
  shard: { title: 'Shard', about: 'images lost while shards were written' },
};
