import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'

const NPM = { 'user-agent': `npm/11.19.1 node/v20.20.2 ${process.platform} ${process.arch} workspaces/false` }
const missing = ['dbus-run-session', 'gnome-keyring-daemon'].filter(
  (program) => spawnSync('which', [program]).status !== 0,
)

describe('the keychain, for a bridge that came from a control plane', () => {
  let plane: ControlPlane
  let folder: string
  let url: string
  let token: string

  beforeAll(async () => {
    plane = await ControlPlane.start()
    ;({ url, token } = await plane.workspace('team'))
    folder = await mkdtemp(join(tmpdir(), 'mcpgw-package-'))
    const tarball = join(folder, 'bridge.tgz')
    await writeFile(tarball, new Uint8Array(await (await fetch(url, { headers: NPM })).arrayBuffer()))
    // The folder is far from this repository: the only module of the keychain that can be found is the tarball's.
    execFileSync('tar', ['xzf', tarball, '-C', folder])
  })

  afterAll(async () => {
    await plane[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const mcpgw = () => `'${process.execPath}' '${join(folder, 'package/mcpgw.js')}'`
  const login = () => `printf %s '${token}' | ${mcpgw()} login '${url}' --with-token --json`

  async function inSession(script: string) {
    const config = await mkdtemp(join(folder, 'config-'))
    const env = { PATH: process.env.PATH ?? '', HOME: config, MCPGW_CONFIG_DIR: config }
    const child = spawn('dbus-run-session', ['--', 'sh', '-c', script], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    return { answers, stderr, files: await readdir(config) }
  }

  it.skipIf(missing.length > 0)(
    `keeps the token${missing.map((name) => ` (skipped: no ${name})`).join()}`,
    async () => {
      const unlock = 'printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1'
      const { answers, files } = await inSession([unlock, login(), `${mcpgw()} whoami --json`].join('\n'))
      expect(answers).toMatchObject([{ storage: 'keychain' }, { member: 'tester', storage: 'keychain' }])
      expect(files).not.toContain('credentials.json')
    },
  )

  it.skipIf(missing.length > 0)(
    'gives way to a private file where its module does not run, and says why',
    async () => {
      await writeFile(join(folder, 'package/keyring.node'), 'made for another system')
      const { answers, stderr, files } = await inSession(login())
      expect(answers).toMatchObject([{ storage: 'file' }])
      expect(stderr).toMatch(/its module does not run on this system \(.+\)/)
      expect(files).toContain('credentials.json')
      await rm(join(folder, 'package/keyring.node'))
      const without = await inSession(login())
      expect(without.answers).toMatchObject([{ storage: 'file' }])
      expect(without.stderr).toContain('its module is not installed')
    },
  )
})
