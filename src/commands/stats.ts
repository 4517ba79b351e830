/** `wit stats`: the report page and stats.json of a dataset, and a summary in the terminal. */

import type { Command } from './command.js';

export const stats: Command = {
  name: 'stats',
  summary: 'write the report page of a dataset and print its summary',
  args: [
    { name: '<dataset>', summary: 'the folder that crawl-and-build wrote, complete or growing' },
  ],
  examples: ['wit stats data'],
  flags: [{ flags: '--name <title>', summary: "the report's title (default: the folder's name)" }],
  async run(input, io) {
    const { reportOn } = await import('../pipeline/report.js');
    const { summarise } = await import('../stats/index.js');
    const name = input.flags.name as string | undefined;
    const report = await reportOn(input.args[0] as string, {}, { ...io, ...(name && { name }) });
    for (const line of summarise(report.stats)) io.print(line);
    io.print(`report: ${report.files.page}`);
    io.result({ ...report.files, funnel: report.stats.funnel });
  },
};
