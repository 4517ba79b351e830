/**
 * The text of a piece of HTML, such as a description that an API sends. Such pieces are short and few, and
 * their text is all of theirs, so that a tree is made: cheerio's, by htmlparser2.
 */

import { load } from 'cheerio';
import { BLOCKS } from './text.js';

/** The part of the tree's nodes that is used here. */
interface Node {
  readonly type: string;
  readonly name?: string;
  readonly data?: string;
  readonly children?: readonly Node[];
}

/** What a reader sees of `html`, with a space where there would be a gap. */
export function textOfHtml(html: string): string {
  const $ = load(html, { xml: { xmlMode: false, decodeEntities: true } });
  $('script, style').remove();
  // Not by `$.text()`, which calls itself for each level: a stranger's HTML may have too many.
  let text = '';
  const stack: (Node | ' ')[] = [$.root()[0] as Node];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node === ' ') text += ' ';
    else if (node.type === 'text') text += node.data ?? '';
    else {
      if (node.name !== undefined && BLOCKS.has(node.name)) {
        text += ' ';
        stack.push(' ');
      }
      const children = node.type === 'comment' ? [] : (node.children ?? []);
      for (let i = children.length - 1; i >= 0; i--) stack.push(children[i] as Node);
    }
  }
  return text;
}
