import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAuthorizingForwarder } from './authorizing-forwarder.ts'
import type { ConformanceRun, Requirements } from './run-conformance.ts'
import { compareRuns, runConformance } from './run-conformance.ts'
import type { Fixture } from './start-fixture.ts'
import { startFixture } from './start-fixture.ts'

const timeout = 120_000

const variants: { era: 'legacy' | 'modern'; requirements: Requirements; scoredScenarios: number }[] = [
  { era: 'legacy', requirements: '2025-11-25', scoredScenarios: 30 },
  { era: 'modern', requirements: '2026-07-28', scoredScenarios: 37 },
]

describe.for(variants)('the $era fixture server', ({ era, requirements, scoredScenarios }) => {
  let fixture: Fixture
  let direct: ConformanceRun

  beforeAll(async () => {
    fixture = await startFixture(era)
    direct = await runConformance({ url: fixture.url, requirements })
  }, timeout)
  afterAll(() => fixture[Symbol.asyncDispose]())

  it(`passes every scored check of ${requirements}`, () => {
    expect(scored(direct).filter(isTrouble), summarise(direct)).toEqual([])
    expect(direct.scoredOk, summarise(direct)).toBe(true)
    expect(new Set(scored(direct).map((check) => check.scenario)).size).toBe(scoredScenarios)
  })

  it(`passes the same checks of ${requirements} through the forwarder`, { timeout }, async () => {
    await using forwarder = await openAuthorizingForwarder({ target: fixture.url, token: 'any' })
    const forwarded = await runConformance({ url: forwarder.url, requirements })
    expect(compareRuns(direct, forwarded), summarise(forwarded)).toEqual([])
  })

  it('is missed in every scored scenario when nobody listens', { timeout }, async () => {
    const run = await runConformance({ url: 'http://127.0.0.1:9/mcp', requirements })
    expect(run.scoredOk, summarise(run)).toBe(false)
    expect(new Set(compareRuns(direct, run).map((check) => check.scenario)).size).toBe(scoredScenarios)
  })
})

describe('comparing a run with a direct one', () => {
  it('names each scored check that fails, warns or goes missing only through the gateway', () => {
    const direct = runOf(
      ['a', 'SUCCESS'],
      ['b', 'SUCCESS'],
      ['c', 'SUCCESS'],
      ['d', 'SUCCESS'],
      ['e', 'INFO'],
    )
    const viaGateway = runOf(['a', 'SUCCESS'], ['b', 'FAILURE'], ['c', 'WARNING'], ['e', 'FAILURE'])
    const found = compareRuns(direct, viaGateway).map(({ id, viaGateway: status }) => `${id} ${status}`)
    expect(found).toEqual(['b FAILURE', 'c WARNING', 'd MISSING'])
  })

  it('judges a check that was reported several times by its worst report', () => {
    const direct = runOf(['a', 'SUCCESS'], ['a', 'SUCCESS'])
    expect(compareRuns(direct, runOf(['a', 'FAILURE'], ['a', 'SUCCESS']))).toHaveLength(1)
  })
})

function scored(run: ConformanceRun) {
  return run.checks.filter((check) => check.scored)
}

function isTrouble({ status }: ConformanceRun['checks'][number]): boolean {
  return status === 'FAILURE' || status === 'WARNING' || status === 'SKIPPED'
}

function summarise(run: ConformanceRun): string {
  const counted = scored(run).filter((check) => check.status === 'FAILURE').length
  return `${run.passed} passed, ${run.failed} failed (${counted} of them scored) in ${run.durationMs} ms`
}

function runOf(
  ...checks: [id: string, status: ConformanceRun['checks'][number]['status']][]
): ConformanceRun {
  const found = checks.map(([id, status]) => ({
    scenario: 's',
    id,
    status,
    scored: true,
    message: undefined,
  }))
  return { passed: 0, failed: 0, scoredOk: true, checks: found, durationMs: 0 }
}
