/** What the head of an export says of its wiki. */

import { decodeXML } from 'entities';

/** Namespaces whose links are not prose: media, files, categories. */
const DROPPED = new Set([-2, 6, 14]);

/** Where no head can be read, the names of an English wiki. */
const ENGLISH = ['media', 'file', 'category'];

/**
 * The names, in small letters, under which links to files and categories begin, in this wiki's
 * language and in English (which works in every wiki).
 */
export function droppedNamespaces(head: string): string[] {
  const names = new Set([...ENGLISH, 'image']);
  for (const [, key, name] of head.matchAll(
    /<namespace key="(-?\d+)"[^>]*>([^<]*)<\/namespace>/g,
  )) {
    if (DROPPED.has(Number(key))) names.add(decodeXML(name as string).toLowerCase());
  }
  return [...names];
}
