/** Who is asking: an honest user agent, with a contact whenever strangers are asked. */

import { WitError } from '../../core/errors.js';
import { version } from '../../core/version.js';
import { ROBOT_TOKEN } from './optout.js';

/**
 * `wit/VERSION (+CONTACT)`; without a contact only where nothing leaves this machine.
 * @throws WitError `config` when a contact is needed, or cannot stand in a header.
 */
export function userAgent(contact: string | undefined, loopbackOnly: boolean): string {
  if (contact === undefined) {
    if (loopbackOnly) return `${ROBOT_TOKEN}/${version}`;
    throw new WitError('config', 'A contact is needed before strangers are asked for pages', {
      hint: 'Set net.contact (--contact) to an e-mail address or a web page about your crawl.',
    });
  }
  if (!/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(contact) || /[()\\]/.test(contact)) {
    throw new WitError(
      'config',
      `net.contact: cannot send ${JSON.stringify(contact)} in a header`,
      {
        hint: 'Use an e-mail address or URL in plain ASCII, without parentheses.',
      },
    );
  }
  return `${ROBOT_TOKEN}/${version} (+${contact})`;
}
