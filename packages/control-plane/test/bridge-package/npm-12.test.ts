import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { initialize, openHome, runNpx, startNpx } from './npx.ts'

it('npm 12 runs it once it is told to, by an argument or by the environment', async ({ skip }) => {
  const home = openHome()
  onTestFinished(() => home[Symbol.dispose]())
  await writeFile(join(home.folder, 'package.json'), '{}')
  const where = { cwd: home.folder, env: home.env, timeout: 60_000 }
  const trouble = await promisify(execFile)('npm', ['install', 'npm@12'], where).catch(
    (error: Error) => error,
  )
  if (trouble instanceof Error) return skip(`needs npm 12 from the registry: ${trouble.message}`)

  const npxScript = join(home.folder, 'node_modules/npm/bin/npx-cli.js')
  const npm12 = { home, npxScript }
  await using plane = await ControlPlane.start()
  const { url, token } = await plane.workspace('team')

  const refused = await runNpx([url, '--version'], npm12)
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain('EALLOWREMOTE')

  const byArgument = await runNpx(['--allow-remote=all', url, '--version'], npm12)
  expect(byArgument.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)

  const env = { npm_config_allow_remote: 'all', MCPGW_TOKEN: token }
  await using session = startNpx([url], { ...npm12, env })
  expect((await initialize(session)).result).toMatchObject({ protocolVersion: '2025-11-25' })
  expect(session.lines).toHaveLength(1)
})
