import { defineConfig } from 'vitest/config'

/** These say how soon something happens: what runs beside them on a small machine would be measured too. */
const MEASURED = [
  'test/dashboard/speed.test.ts',
  'test/resilience/{disk-full,hosted-*,isolation,*-bombs,kill,large-replies,limits,live-viewers,locked-database}.test.ts',
  'test/resilience/{long-definitions,replicas,rotation,slow-clients,stopping,token-end}.test.ts',
]

export default defineConfig({
  test: {
    globalSetup: ['test/build.ts'],
    // Real servers, databases and processes take their time on a small machine that does other things too.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // What is waited for comes when the machine has time for it; how soon it must come, a test says itself.
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', ['json', { outputFile: 'node_modules/.cache/test-report.json' }]],
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'dashboard/src/**/*.test.ts'],
          exclude: MEASURED,
          maxWorkers: 2,
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
