/** A real Chromium for tests: Debian's package, installed where the tests may. */

import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const run = promisify(execFile);

const PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Starts Chromium with a profile of its own, which is deleted when it closes. */
export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: (await findBrowser()) ?? (await installBrowser()),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

async function findBrowser(): Promise<string | undefined> {
  for (const path of [process.env.CHROMIUM_PATH, ...PATHS]) {
    if (path === undefined) continue;
    try {
      await access(path);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

async function installBrowser(): Promise<string> {
  if (process.getuid?.() === 0) {
    try {
      await run('apt-get', ['update']);
      await run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
      const path = await findBrowser();
      if (path !== undefined) return path;
    } catch (cause) {
      throw new Error('Chromium is missing and apt-get could not install it', { cause });
    }
  }
  throw new Error(
    'These tests need Chromium: install it (Debian, Ubuntu: sudo apt-get install chromium), or set CHROMIUM_PATH',
  );
}
