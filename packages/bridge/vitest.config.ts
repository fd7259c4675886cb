import { defineConfig } from 'vitest/config'

/** These say how soon something happens: what runs beside them on a small machine would be measured too. */
const MEASURED = ['test/start.test.ts', 'test/ending.test.ts', 'test/endings.test.ts']

export default defineConfig({
  test: {
    globalSetup: ['test/support/prepare.ts'],
    testTimeout: 20_000,
    // What is waited for comes when the machine has time for it; how soon it must come, a test says itself.
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', ['json', { outputFile: 'node_modules/.cache/test-report.json' }]],
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: MEASURED,
          // Most tests wait for a bridge to start or to end: three at once keep two cores busy.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'measured',
          include: MEASURED,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
