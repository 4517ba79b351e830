/** One image: opt-outs and content type judged before the body, the body within its limits. */

import { imageKind } from '../core/image-kind.js';
import type { Loss } from '../core/reasons.js';
import type { WebClient } from './net/client.js';
import { optOutOf } from './net/optout.js';
import type { GetOptions, Head } from './net/resource.js';

export type Download =
  | {
      readonly ok: true;
      readonly bytes: Buffer;
      /** As the server gave it, lower-case, without parameters; '' when it gave none. */
      readonly contentType: string;
      /** After redirects. */
      readonly finalUrl: string;
    }
  | { readonly ok: false; readonly loss: Loss };

/** Types by which servers say that they do not know: the bytes decide. */
const UNKNOWN_TYPES = new Set([
  '',
  'application/octet-stream',
  'binary/octet-stream',
  'application/binary',
  'application/x-download',
  'application/force-download',
  'unknown/unknown',
  'application/unknown',
]);

/**
 * Downloads the image at `imageUrl`. Whether it decodes is not known yet.
 * @param room awaited before each request is sent: while there is none for another image
 * @throws only the signal's reason.
 */
export async function downloadImage(
  client: WebClient,
  imageUrl: string,
  signal: AbortSignal,
  room?: GetOptions['room'],
): Promise<Download> {
  const check = (head: Head) => optOutOf(head, client.honours) ?? judgeType(head);
  const fetched = await client.get(imageUrl, {
    kind: 'image',
    signal,
    check,
    ...(room && { room }),
  });
  if (!fetched.ok) return { ok: false, loss: fetched.loss };
  const { body, contentType, url } = fetched;
  if (body.length === 0) return lost('bad_response', 'empty body');
  if (UNKNOWN_TYPES.has(contentType) && imageKind(body) === undefined) {
    return lost('wrong_content_type', `${contentType || 'no content type'}, and not an image`);
  }
  return { ok: true, bytes: body, contentType, finalUrl: url };
}

function judgeType({ contentType }: Head): Loss | undefined {
  // A wrong image type (PNG sent as image/jpeg) is no matter: decoding goes by the bytes.
  if (contentType.startsWith('image/') || UNKNOWN_TYPES.has(contentType)) return undefined;
  return { reason: 'wrong_content_type', detail: contentType };
}

function lost(reason: Loss['reason'], detail: string): Download {
  return { ok: false, loss: { reason, detail } };
}
