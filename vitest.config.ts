import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup/build.ts'],
    // Only what hangs is ended: machines differ, and no test asserts a speed.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Two cores are the machine the suite is sized for; sharp and the engine thread on their own.
    maxWorkers: 2,
  },
});
