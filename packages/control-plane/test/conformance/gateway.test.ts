import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { openAuthorizingForwarder } from './authorizing-forwarder.ts'
import { compareRuns, runConformance } from './run-conformance.ts'
import { startFixture } from './start-fixture.ts'

const CELLS = [
  { era: 'legacy', requirements: '2025-11-25' },
  { era: 'modern', requirements: '2026-07-28' },
] as const

describe('the official conformance suite', () => {
  let plane: ControlPlane

  beforeAll(async () => {
    plane = await ControlPlane.start()
  })
  afterAll(() => plane[Symbol.asyncDispose]())

  it.each(CELLS)(
    'passes through the gateway wherever it passes directly ($requirements)',
    async ({ era, requirements }) => {
      await using fixture = await startFixture(era)
      const { slug, url, token } = await plane.workspace(`conformance-${era}`)
      // The scenarios call tools by fixed names, so nothing is prefixed.
      await plane.addServer(slug, { name: 'fixture', url: fixture.url, prefix: 'never' })
      await using forwarder = await openAuthorizingForwarder({ target: url, token })
      const direct = await runConformance({ url: fixture.url, requirements })
      const viaGateway = await runConformance({ url: forwarder.url, requirements })

      const passed = (run: typeof direct) =>
        run.checks.filter(({ scored, status }) => scored && status === 'SUCCESS').length
      process.stdout.write(
        `${requirements}: ${passed(direct)} scored checks pass directly, ${passed(viaGateway)} through the gateway\n`,
      )
      expect(compareRuns(direct, viaGateway)).toEqual([])
      expect(viaGateway.scoredOk).toBe(true)
      expect(passed(viaGateway)).toBeGreaterThan(60)
    },
  )
})
