import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup/build.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores are the machine the suite is sized for; sharp and the engine thread on their own.
    maxWorkers: 2,
  },
});
