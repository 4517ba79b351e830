import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WitError } from '../../src/core/errors.js';
import { EngineClient } from '../../src/train/engine-client.js';
import { testPython } from './python.js';

/** An executable that stands where Python would, with the given Python code as its whole engine. */
async function engineOf(code: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wit-engine-'));
  const script = join(folder, 'engine.py');
  const prelude = `
import json, os, signal, socket, struct, sys, time
path = sys.argv[sys.argv.index("--socket") + 1]
def emit(**event): print(json.dumps(event), flush=True)
def connect():
    stream = socket.socket(socket.AF_UNIX)
    stream.connect(path)
    return stream
def credit(stream, n):
    body = json.dumps({"type": "credit", "batches": n, "tensors": []}).encode()
    stream.sendall(struct.pack("<I", len(body)) + body)
def read(stream, n):
    data = b""
    while len(data) < n:
        data += stream.recv(n - len(data))
    return data
READY = {"type": "ready", "device": "cpu", "precision": "fp32", "torch": "0", "step": 0,
         "position": 0, "threads": 1, "parameters": {"image": 1, "text": 1, "total": 2}}
first = json.loads(sys.stdin.readline())
`;
  await writeFile(script, prelude + code);
  const python = join(folder, 'python');
  await writeFile(python, `#!/bin/sh\nexec "${testPython()}" "${script}" "$@"\n`);
  await chmod(python, 0o755);
  return python;
}

const failure = async (work: Promise<unknown>): Promise<WitError> =>
  (await work.then(
    () => expect.unreachable('expected a failure'),
    (error: unknown) => error,
  )) as WitError;

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('EngineClient', () => {
  it('sends frames byte for byte and never more than it has credit for', async () => {
    const python = await engineOf(`
stream = connect()
emit(**READY)
stream.setblocking(False)
time.sleep(0.3)
try:
    stream.recv(1)
    early = True
except BlockingIOError:
    early = False
stream.setblocking(True)
for step in range(3):
    credit(stream, 1)
    (length,) = struct.unpack("<I", read(stream, 4))
    header = json.loads(read(stream, length))
    images = read(stream, 5 * 1000 * 1000)
    tokens = struct.unpack("<4i", read(stream, 16))
    time.sleep(0.1)
    stream.setblocking(False)
    try:
        stream.recv(1)
        early = True
    except BlockingIOError:
        pass
    stream.setblocking(True)
    emit(type="checkpoint", step=step, path=json.dumps([header, sum(images), tokens, early]))
`);
    const { engine } = await EngineClient.start({ python }, { op: 'train' });
    const images = new Uint8Array(5_000_000).fill(3);
    for (let position = 0; position < 3; position++) {
      await engine.sendBatch({ position, epoch: 0 }, [
        { name: 'images', shape: [5_000, 1_000], data: images },
        { name: 'tokens', shape: [2, 2], data: new Int32Array([1, -2, 49_407, position]) },
      ]);
    }
    const seen: unknown[] = [];
    for await (const event of engine.events()) {
      if (event.type === 'checkpoint') seen.push(JSON.parse(event.path));
    }
    const header = {
      type: 'batch',
      epoch: 0,
      tensors: [
        { name: 'images', dtype: 'u8', shape: [5_000, 1_000] },
        { name: 'tokens', dtype: 'i32', shape: [2, 2] },
      ],
    };
    expect(seen).toEqual(
      [0, 1, 2].map((position) => [
        { ...header, position },
        15_000_000,
        [1, -2, 49_407, position],
        false,
      ]),
    );
    expect(await engine.sendBatch({ position: 3 }, [])).toBe(false);
    await engine.stop();
  });

  it('reports an engine that fails while a batch is being sent, with its last words', async () => {
    const python = await engineOf(`
stream = connect()
emit(**READY)
credit(stream, 9)
read(stream, 1000)
emit(type="checkpoint", step=7, path="/run/step-00000007")
print("a line for people", file=sys.stderr)
emit(type="error", message="out of luck")
sys.exit(1)
`);
    const { engine } = await EngineClient.start({ python }, { op: 'train' });
    const data = new Uint8Array(30_000_000);
    const send = async (): Promise<void> => {
      for (;;) await engine.sendBatch({}, [{ name: 'images', shape: [data.length], data }]);
    };
    const error = await failure(send());
    expect(error.code).toBe('engine');
    expect(error.message).toBe(
      'The engine stopped after step 7 (exit code 1; the last checkpoint is /run/step-00000007): ' +
        'out of luck\nIts last lines:\n  a line for people',
    );
  });

  it('rejects what is not an event, and ends the engine', async () => {
    const python = await engineOf('print("hello"); time.sleep(60)');
    const error = await failure(EngineClient.start({ python }, { op: 'train' }));
    expect(error.message).toBe('The engine printed something that is not an event: hello');
  });

  it('kills an engine that does not leave when asked', async () => {
    const python = await engineOf(`
emit(**READY)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(600)
`);
    const stop = new AbortController();
    const { engine } = await EngineClient.start(
      { python, signal: stop.signal, graceMs: 200 },
      { op: 'train' },
    );
    const pid = engine.pid as number;
    expect(alive(pid)).toBe(true);
    stop.abort();
    await engine.stop();
    expect(alive(pid)).toBe(false);
  });

  it('ends with the abort’s reason while the engine is still starting', async () => {
    const python = await engineOf('time.sleep(600)');
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('changed my mind')), 300);
    const start = EngineClient.start(
      { python, signal: stop.signal, graceMs: 100 },
      { op: 'train' },
    );
    await expect(start).rejects.toThrow('changed my mind');
  });

  it('fails requests that an ending engine leaves open', async () => {
    const python = await engineOf('emit(**READY); sys.stdin.readline()');
    const { engine } = await EngineClient.start({ python }, { op: 'evaluate' });
    const error = await failure(engine.request({ op: 'classify' }));
    expect(error.message).toBe('The engine ended before it had answered');
  });
});
