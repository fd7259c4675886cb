import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { ControlPlane } from '../control-plane.ts'

const ECHO = join(import.meta.dirname, '../servers/printenv-stdio.ts')
const folder = mkdtempSync(join(tmpdir(), 'hosted-commands-'))
/** What every payload tries to make. */
const marker = join(folder, 'marker')
const touch = `touch ${marker}`
const asCode = `require('node:fs').writeFileSync('${marker}','')`

let plane: ControlPlane
let admin: string

beforeAll(async () => {
  // Without a sandbox, in which nothing could be written there anyhow. The commands a shell would need are there.
  for (const command of ['touch', 'sh', 'env']) symlinkSync(`/usr/bin/${command}`, join(folder, command))
  plane = await ControlPlane.start({ env: { PATH: folder } })
  await plane.workspace('team')
  admin = await plane.token('team', { role: 'admin' })
})
beforeEach(() => rmSync(marker, { force: true }))
afterAll(async () => {
  await plane?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const TEXTS = [
  `; ${touch}`,
  `$(${touch})`,
  `\`${touch}\``,
  `| ${touch}`,
  `&& ${touch}`,
  `|| ${touch}`,
  `& ${touch} &`,
  `\n${touch}\n`,
  `"; ${touch}; "`,
  `'; ${touch}; '`,
  `\${IFS}${touch}`,
  `> ${marker}`,
  `../../../../bin/sh -c "${touch}"`,
  `npx -c "${touch}"`,
  `-c "${touch}"`,
  `--eval=${asCode}`,
  `-e ${asCode}`,
  `%0a${touch}`,
  `{{X}}; ${touch}`,
  `\u2028${touch}`,
]

const VARIABLES: Record<string, string> = {
  NODE_OPTIONS: `--import=data:text/javascript,import('node:fs').then(fs=>fs.writeFileSync('${marker}',''))`,
  node_options: '--inspect=0.0.0.0',
  LD_PRELOAD: '/tmp/evil.so',
  LD_LIBRARY_PATH: '/tmp',
  DYLD_INSERT_LIBRARIES: '/tmp/evil.dylib',
  PATH: folder,
  BASH_ENV: marker,
  npm_config_script_shell: `${folder}/touch`,
  NPM_CONFIG_PREFIX: folder,
  GIT_SSH_COMMAND: touch,
  PYTHONSTARTUP: marker,
  PERL5OPT: '-Mevil',
}

const SERVERS = '/workspaces/team/servers'

function attempts(text: string): Record<string, unknown>[] {
  return [
    { name: text, command: 'node', args: [ECHO] },
    { name: 'payload', command: text, args: [] },
    { name: 'payload', command: 'node', args: [ECHO, text] },
    { name: 'payload', command: 'node', args: [ECHO], env: { GIVEN: text } },
  ]
}

/** Adds and checks it, and gives what became of it; afterwards it is gone. */
async function attempt(server: Record<string, unknown>, token?: string): Promise<number | unknown> {
  const added = await plane.tryApi('POST', SERVERS, server, token)
  if (added.status !== 201) return added.status
  const checked = await plane.tryApi('POST', `${SERVERS}/payload/check`)
  await plane.api('DELETE', `${SERVERS}/payload`)
  return checked.body.status
}

describe('what an admin or an owner writes as a hosted server', () => {
  it('[M10] runs nothing when it comes from an admin', async () => {
    for (const text of TEXTS) {
      for (const server of attempts(text)) expect([400, 403]).toContain(await attempt(server, admin))
    }
    for (const [name, value] of Object.entries(VARIABLES)) {
      const server = { name: 'payload', command: 'node', args: [ECHO], env: { [name]: value } }
      expect(await attempt(server, admin)).toBe(403)
    }
    expect(existsSync(marker)).toBe(false)
  })

  it.each(TEXTS)('[M10] is neither a name nor a command: %j', async (text) => {
    const [asName, asCommand] = attempts(text)
    expect(await attempt(asName ?? {})).toBe(400)
    expect([400, 'failing']).toContain(await attempt(asCommand ?? {}))
    expect(existsSync(marker)).toBe(false)
  })

  it('[M10] is never read by a shell as an argument, a variable or a value of the credential', async () => {
    const env = Object.fromEntries(TEXTS.map((text, number) => [`GIVEN_${number}`, text]))
    const server = { name: 'literal', command: 'node', args: [ECHO, ...TEXTS], env }
    await plane.api('POST', SERVERS, server)
    await plane.api('PUT', `${SERVERS}/literal/credential`, { values: { X: `$(${touch}); ${touch}` } })
    expect(await plane.api('POST', `${SERVERS}/literal/check`)).toMatchObject({ status: 'ready' })
    expect(existsSync(marker)).toBe(false)
  })

  it.each(Object.entries(VARIABLES))(
    '[M10] cannot make a program run other code through %s',
    async (name, value) => {
      const server = { name: 'payload', command: 'node', args: [ECHO], env: { [name]: value } }
      expect(await plane.tryApi('POST', SERVERS, server)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', detail: expect.stringContaining(`"${name}"`) },
      })
      expect(existsSync(marker)).toBe(false)
    },
  )

  it('[M10] runs when an owner asks for exactly that', async () => {
    expect(await attempt({ name: 'payload', command: 'touch', args: [marker] })).toBe('failing')
    await vi.waitFor(() => expect(existsSync(marker)).toBe(true), 5_000)
  })

  it('is told to run without a sandbox where there is none, and cannot have its network restricted', async () => {
    const sandbox = { kind: 'none', network: 'open', reason: expect.stringContaining('bubblewrap') }
    expect(await plane.addServer('team', { name: 'plain', command: 'node', args: [ECHO] })).toMatchObject({
      status: 'ready',
      sandbox,
    })
    expect(plane.stderr).toContain('Hosted servers run without a sandbox.')
    await plane.api('PATCH', `${SERVERS}/plain`, { network: 'none' })
    expect(await plane.api('POST', `${SERVERS}/plain/check`)).toMatchObject({
      status: 'failing',
      error: { code: 'configuration', message: expect.stringContaining('there is no sandbox') },
    })
  })
})
