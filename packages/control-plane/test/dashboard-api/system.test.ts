import { expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startScripted } from '../upstreams/scripted-http.ts'

it('tells an owner how the installation is doing', async () => {
  const before = Date.now()
  await using plane = await ControlPlane.start({
    args: ['--audit-retention-days', '30', '--hosting', 'off'],
  })
  await using server = await startScripted('modern')
  await plane.workspace('one')
  await plane.workspace('two')
  await plane.addServer('one', { name: 's', url: server.url })
  const system = await plane.api('GET', '/system')
  expect(system).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    node: process.version,
    database: { kind: 'sqlite', version: expect.stringMatching(/^3\./) },
    masterKey: { source: 'file', unfinished: false, olderKeys: 0 },
    sandbox: { kind: 'off' },
    workspaces: 2,
    servers: 1,
    log: { checkpoints: null, retentionDays: 30 },
  })
  const { startedAt, database, memoryBytes, eventLoopMs } = system as unknown as {
    startedAt: string
    database: { sizeBytes: number }
    memoryBytes: number
    eventLoopMs: { p50: number; p99: number }
  }
  expect(Date.parse(startedAt)).toBeGreaterThanOrEqual(before)
  expect(database.sizeBytes).toBeGreaterThan(10_000)
  expect(memoryBytes).toBeGreaterThan(10_000_000)
  expect(eventLoopMs.p99).toBeGreaterThanOrEqual(eventLoopMs.p50)
  expect(eventLoopMs.p50).toBeGreaterThanOrEqual(0)
  expect(eventLoopMs.p50).toBeLessThan(1_000)
})

it('says why nothing keeps hosted servers apart, where nothing does', async () => {
  await using plane = await ControlPlane.start({ env: { PATH: '/nowhere' } })
  const { sandbox } = await plane.api('GET', '/system')
  expect(sandbox).toMatchObject({ kind: 'none', reason: expect.stringContaining('bwrap') })
})

it('shows of a URL for checkpoints only where it leads: the rest may be a secret', async () => {
  await using plane = await ControlPlane.start({
    args: ['--audit-checkpoints', 'http://127.0.0.1:9/hooks/T0/very-secret?key=also-secret'],
  })
  const { log } = await plane.api('GET', '/system')
  expect(log).toMatchObject({ checkpoints: 'http://127.0.0.1:9' })
})
