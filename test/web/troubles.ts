/**
 * The register of everything that is wrong with the small internet, as on the real one. Each entry
 * builds what it is about and says what a correct crawl makes of it (see Fate in ground.ts).
 */

import type { Trouble } from './ground.js';
import { IMAGE_TROUBLES } from './troubles-image.js';
import { NETWORK_TROUBLES } from './troubles-network.js';
import { TEXT_TROUBLES } from './troubles-text.js';

export const TROUBLES: readonly Trouble[] = [
  ...TEXT_TROUBLES,
  ...IMAGE_TROUBLES,
  ...NETWORK_TROUBLES,
];
