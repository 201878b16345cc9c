import { defineConfig } from 'vitest/config'

/** Real processes need room: tests run in forks (isolated-vm refuses worker threads) and two files at a time. */
export default defineConfig({
  test: {
    pool: 'forks',
    execArgv: ['--no-node-snapshot'],
    maxWorkers: 2,
    globalSetup: ['test/helpers/global-setup.ts'],
    setupFiles: ['test/helpers/setup.ts'],
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**', 'sdk/templates/**', '.skerry/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
