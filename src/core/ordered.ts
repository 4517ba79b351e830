/**
 * Concurrency that cannot change a result: many at work, results in the order of the input, and a
 * bounded number in flight, so a slow item holds back memory rather than growing it.
 */

import PQueue from 'p-queue';

/**
 * Maps `items` with at most `concurrency` at work and at most `window` started but not yet consumed.
 * The first rejection of `work` ends the iteration with that error; an aborted `signal` ends it with
 * the signal's reason. Work that was started is awaited before either returns.
 */
export async function* mapOrdered<In, Out>(
  items: Iterable<In> | AsyncIterable<In>,
  work: (item: In, index: number) => Promise<Out>,
  options: { concurrency: number; window?: number; signal?: AbortSignal },
): AsyncGenerator<Out> {
  const { concurrency, window = concurrency * 2, signal } = options;
  const queue = new PQueue({ concurrency });
  const started: Promise<Out>[] = [];
  let index = 0;
  try {
    for await (const item of items) {
      signal?.throwIfAborted();
      const position = index++;
      const result = queue.add(() => work(item, position)) as Promise<Out>;
      // The consumer awaits it in its turn; until then a rejection is not "unhandled".
      result.catch(() => {});
      started.push(result);
      if (started.length >= window) yield await (started.shift() as Promise<Out>);
    }
    while (started.length > 0) {
      signal?.throwIfAborted();
      yield await (started.shift() as Promise<Out>);
    }
  } finally {
    queue.clear();
    await queue.onIdle();
  }
}
