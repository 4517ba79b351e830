/**
 * Why a page, candidate or image was lost. The union is closed: a loss without a reason listed here
 * does not compile. Each reason has one class:
 *
 * - `retry`  the world may answer differently in a moment; tried again within the run
 * - `skip`   this item will not do; the run goes on
 * - `fatal`  the run cannot go on
 */

export const REASONS = {
  // discover and fetch: the network
  bad_url: 'skip',
  private_address: 'skip',
  robots_disallowed: 'skip',
  robots_unreachable: 'skip',
  opt_out: 'skip',
  dns: 'retry',
  connect: 'retry',
  tls: 'skip',
  reset: 'retry',
  timeout: 'retry',
  http_server_error: 'retry',
  http_too_many_requests: 'retry',
  http_client_error: 'skip',
  redirect_loop: 'skip',
  too_many_redirects: 'skip',
  too_many_bytes: 'skip',
  truncated: 'retry',
  bad_response: 'skip',
  wrong_content_type: 'skip',
  hash_mismatch: 'skip',
  bad_row: 'skip',
  unwanted_license: 'skip',
  bad_record: 'skip',
  // select: the text, the queries, the cap
  no_text: 'skip',
  text_too_short: 'skip',
  text_too_long: 'skip',
  filename_text: 'skip',
  url_text: 'skip',
  exposure_text: 'skip',
  boilerplate_text: 'skip',
  keyword_text: 'skip',
  repeated_text: 'skip',
  personal_data: 'skip',
  not_english: 'skip',
  unwanted_extension: 'skip',
  duplicate_candidate: 'skip',
  no_query: 'skip',
  over_cap: 'skip',
  same_image_url: 'skip',
  // fetch: the image
  undecodable: 'skip',
  decode_timeout: 'skip',
  unsupported_format: 'skip',
  too_few_bytes: 'skip',
  too_many_pixels: 'skip',
  image_too_small: 'skip',
  aspect_ratio: 'skip',
  animated: 'skip',
  blank: 'skip',
  low_entropy: 'skip',
  evaluation_overlap: 'skip',
  score_below: 'skip',
  score_above: 'skip',
  duplicate_exact: 'skip',
  duplicate_near: 'skip',
  // shard: datasets of others, damaged shards
  bad_archive: 'skip',
  unsafe_entry: 'skip',
  duplicate_key: 'skip',
  missing_image: 'skip',
  damaged: 'skip',
} as const satisfies Record<string, 'retry' | 'skip' | 'fatal'>;

export type Reason = keyof typeof REASONS;

/**
 * The reasons that only an image whose bytes arrived can have; the others in stage fetch mean that
 * nothing usable came over the network.
 */
export const IMAGE_REASONS: ReadonlySet<Reason> = new Set<Reason>([
  'undecodable',
  'decode_timeout',
  'unsupported_format',
  'too_few_bytes',
  'too_many_pixels',
  'image_too_small',
  'aspect_ratio',
  'animated',
  'blank',
  'low_entropy',
  'evaluation_overlap',
  'score_below',
  'score_above',
  'duplicate_exact',
  'duplicate_near',
]);

/** True when a failure for this reason is worth another try within the run. */
export function isRetryable(reason: Reason): boolean {
  return (REASONS[reason] as string) === 'retry';
}

/** A loss before it is tied to a record: what happened and, for people, with which value. */
export interface Loss {
  readonly reason: Reason;
  readonly detail: string;
  /** The id of the candidate that stays, where the image is the same. */
  readonly sameAs?: string;
  /** The evaluation set or the scorer that refused it. */
  readonly by?: string;
}
