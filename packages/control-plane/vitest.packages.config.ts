import { defineConfig } from 'vitest/config'

/** Real packages of others, installed from the registry: for the night. */
export default defineConfig({
  test: {
    include: ['test/packages/*.nightly.ts'],
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
})
