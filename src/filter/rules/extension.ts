/** Image URLs whose path ends in an extension that is not wanted: told before anything is downloaded. */

import { type Caption, defineRule } from './rule.js';

/** The extension of a URL's path in lower case, '' where there is none. */
function extensionOf(url: string): string {
  const path = (url.split(/[?#]/, 1)[0] as string).replace(/^[a-z]+:\/\/[^/]*/i, '');
  return (
    /\.([a-z0-9]{2,5})$/i.exec(path.slice(path.lastIndexOf('/') + 1))?.[1]?.toLowerCase() ?? ''
  );
}

export const extension = defineRule<Caption, { extension: string; unwanted: boolean }>({
  name: 'url-extension',
  version: 1,
  reason: 'unwanted_extension',
  drops: 'images whose URL ends in one of filter.refusedExtensions',
  settings: ['refusedExtensions'],
  limit: ({ refusedExtensions }) =>
    refusedExtensions.length === 0 ? undefined : `none of ${refusedExtensions.join(', ')}`,
  measure: ({ imageUrl = '' }, { refusedExtensions }) => {
    const extension = extensionOf(imageUrl);
    return { extension, unwanted: refusedExtensions.includes(extension) };
  },
  passes: ({ unwanted }) => !unwanted,
  words: ({ extension }) => (extension === '' ? 'none' : `.${extension}`),
});
