/** Licences as the engines name them, by the codes of the setting `licenses`. */

import { LICENSE_CODES } from '../../../config.js';

export type LicenseCode = (typeof LICENSE_CODES)[number];

/**
 * The code of a licence in the spelling of Commons' metadata (`cc-by-sa-4.0`, `cc0`, `pd`) or
 * Openverse's (`by-sa`); undefined for others.
 */
export function licenseCode(name: string | undefined): LicenseCode | undefined {
  const plain = (name ?? '')
    .trim()
    .toLowerCase()
    .replace(/^cc[- ]/, '');
  if (/^(pd|pdm|public domain)\b/.test(plain)) return 'pdm';
  if (/^(cc0|zero)\b/.test(plain)) return 'cc0';
  const code = /^by(-nc)?(-sa|-nd)?(?![a-z])/.exec(plain)?.[0];
  return LICENSE_CODES.find((known) => known === code);
}

/** `CC BY-SA 4.0`, from Openverse's code and version. */
export function licenseName(code: string, version: string | undefined): string {
  const known = licenseCode(code);
  const name =
    known === 'pdm'
      ? 'Public Domain Mark'
      : known === 'cc0'
        ? 'CC0'
        : known === undefined
          ? code
          : `CC ${known.toUpperCase()}`;
  return version === undefined ? name : `${name} ${version}`;
}
