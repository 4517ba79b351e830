/**
 * The small internet as a process of its own:
 *
 *   node dist/test/web/serve.js '{"px": 72}'
 *
 * Takes WebOptions as JSON, prints one line of JSON ({port, connectTo, seeds, hosts}) once it
 * listens, and ends when its standard input does, so that it never outlives whoever started it. Its
 * last line is {peakMemoryBytes}.
 */

import sharp from 'sharp';
import { startInternet } from './internet.js';
import type { WebOptions } from './web.js';

// It shares the machine with a crawler and a trainer: one thread a picture, nothing kept by libvips.
sharp.concurrency(1);
sharp.cache(false);

const options = JSON.parse(process.argv[2] ?? '{}') as WebOptions;
const internet = await startInternet(options);
const { port, connectTo, seeds, hosts } = internet;
process.stdout.write(`${JSON.stringify({ port, connectTo, seeds, hosts })}\n`);
process.stdin.resume();
process.stdin.once('close', () => {
  void internet.close();
  // Kilobytes on every system that Node.js runs on.
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(`${JSON.stringify({ peakMemoryBytes })}\n`);
});
