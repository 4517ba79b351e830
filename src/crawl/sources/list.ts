/**
 * The source `list`: files that already hold (image URL, caption) rows, as img2dataset takes them.
 * A unit is a range of rows of one file; there is one round.
 */

import type { SourcesConfig } from '../../config.js';
import { contentId } from '../../core/ids.js';
import type { Source, SourceResult, SourceUnit } from '../../core/source.js';
import { findLists } from './lists/find.js';
import { OpenLists } from './lists/open.js';
import { readRow } from './lists/row.js';
import type { ListColumns, RowRange } from './lists/types.js';

/** Some rows of one file. It says where they lie, so that whoever does it need not have planned it. */
export interface ListUnit extends RowRange {
  readonly file: string;
}

/**
 * The list source for `config.lists`. All files are opened and cut at once, so that a mistake in the
 * last one shows before the first is crawled.
 * @throws WitError as `findLists` and `openList` do.
 */
export async function createListSource(config: SourcesConfig): Promise<Source<ListUnit>> {
  const columns: ListColumns = {
    url: config.urlColumn,
    caption: config.captionColumn,
    hash: config.hashColumn,
    extra: [...new Set(config.extraColumns)],
  };
  const lists = new OpenLists(columns);
  const units: SourceUnit<ListUnit>[] = [];
  let total = 0;
  try {
    for (const file of await findLists(config.lists)) {
      await lists.with(file, async (list) => {
        for await (const range of list.ranges(config.unitSize)) {
          units.push(unitOf(units.length, { file, ...range }));
          total += range.end - range.start;
        }
      });
    }
  } catch (error) {
    await lists.close();
    throw error;
  }

  return {
    name: 'list',

    async *plan(round, { expect }) {
      if (round > 0) return;
      expect(total);
      yield* units;
    },

    close: () => lists.close(),

    async run({ input }, signal) {
      signal.throwIfAborted();
      const { file, start } = input;
      const rows = await lists.with(file, (list) => list.read(input));
      const result: SourceResult = {
        candidates: [],
        rejects: [],
        links: [],
        counts: { rows: rows.length },
      };
      for (const [index, row] of rows.entries()) {
        const read = readRow(row, columns, file, start + index);
        if ('stage' in read) result.rejects.push(read);
        else result.candidates.push(read);
      }
      return result;
    },
  };
}

function unitOf(index: number, input: ListUnit): SourceUnit<ListUnit> {
  const digest = contentId(JSON.stringify(input)).slice(0, 8);
  return {
    id: `list-${String(index).padStart(5, '0')}-${digest}`,
    input,
    size: input.end - input.start,
  };
}
