import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { type Home, initialize, openHome, runNpx, startNpx } from './npx.ts'

let home: Home
let url: string
let env: Record<string, string>

/** A machine on which the workspace's bridge ran before, and a control plane that is gone since. */
beforeAll(async () => {
  home = openHome()
  await using plane = await ControlPlane.start()
  const workspace = await plane.workspace('team')
  url = workspace.url
  env = { MCPGW_TOKEN: workspace.token }
  await runNpx([url, '--version'], { home })
})

afterAll(() => home[Symbol.dispose]())

const withoutRetries = { npm_config_fetch_retries: '0' }

describe('while the control plane is down', () => {
  // Left to itself, npm tries again after 10 and after 60 seconds before it takes what it has stored.
  const limitMs = 45_000

  it('the stored copy starts with --prefer-offline', async () => {
    const { stdout, tookMs } = await runNpx(['--prefer-offline', url, '--version'], { home })
    expect(stdout).toMatch(/^\d+\.\d+\.\d+/)
    expect(tookMs).toBeLessThan(limitMs)
  })

  it('the stored copy starts with npm_config_fetch_retries=0', async () => {
    const { stdout, tookMs } = await runNpx([url, '--version'], { home, env: withoutRetries })
    expect(stdout).toMatch(/^\d+\.\d+\.\d+/)
    expect(tookMs).toBeLessThan(limitMs)
  })

  it.each([
    { how: '--prefer-offline', args: ['--prefer-offline'], extra: {} },
    { how: 'npm_config_fetch_retries=0', args: [], extra: withoutRetries },
  ])('a client learns from its first answer what cannot be reached: $how', async ({ args, extra }) => {
    const startedAt = performance.now()
    await using session = startNpx([...args, url], { home, env: { ...env, ...extra } })
    const { error } = await initialize(session)
    // On an idle machine 4 s: one for npm and three in which the bridge keeps trying.
    expect(performance.now() - startedAt).toBeLessThan(9_000)
    expect(error?.message).toContain(`${new URL(url).origin} cannot be reached`)
    expect(error?.message).toContain('Check that the gateway runs')
    expect(session.lines).toHaveLength(1)
  })

  it('a machine that never ran it is told what npm could not reach', async () => {
    using fresh = openHome()
    const { code, stdout, stderr } = await runNpx([url, '--version'], { home: fresh, env: withoutRetries })
    expect(code).not.toBe(0)
    expect(stdout).toBe('')
    expect(stderr).toContain(`request to ${url} failed`)
  })
})
