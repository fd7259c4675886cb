import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { mintToken } from '../../src/access/token-format.ts'
import { EXAMPLE_KEYS } from '../../src/vault/master-key.ts'
import { ControlPlane } from '../control-plane.ts'
import { type Ended, runProgram } from '../resilience/run-program.ts'

const newKey = () => randomBytes(32).toString('base64')

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcpgw-start-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const serve = (args: string[], env: Record<string, string> = {}) =>
  runProgram(['serve', '--data-dir', folder, '--port', '0', ...args], env)

/** Ended by itself with this code, said in words what is wrong and what to do, and never got ready. */
function expectRefusal({ code, stdout, stderr }: Ended, exitCode: number, ...words: (string | RegExp)[]) {
  expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' })
  for (const word of words) expect(stderr).toMatch(word)
  expect(stderr).not.toMatch(/\n\s+at |node:internal|\.ts:\d|\bZod|"level":50/)
}

describe('a start that cannot work ends with a reason and what to do', () => {
  it('names the two kinds of database when the URL is of neither, and does not repeat its password', async () => {
    const ended = await serve(['--database-url', 'mysql://user:geheim@db/x'])
    expectRefusal(
      ended,
      1,
      'neither SQLite nor PostgreSQL',
      'Write it as sqlite:/path/file.db or postgres://',
    )
    expect(ended.stderr).not.toContain('geheim')
    expect(readdirSync(folder)).toEqual([])
  })

  it('says where it looked for PostgreSQL, without the password', async () => {
    const ended = await serve(['--database-url', 'postgres://user:geheim@127.0.0.1:1/gateway'], {
      MCPGW_MASTER_KEY: newKey(),
    })
    expectRefusal(
      ended,
      1,
      'PostgreSQL at 127.0.0.1 port 1, database "gateway"',
      'Check that PostgreSQL is running',
    )
    expect(ended.stderr).not.toContain('geheim')
  })

  it('asks for the master key with PostgreSQL, where every replica needs the same one', async () => {
    const ended = await serve(['--database-url', 'postgres://user:geheim@127.0.0.1:1/gateway'])
    expectRefusal(ended, 1, 'the master key must be given', 'Set MCPGW_MASTER_KEY or MCPGW_MASTER_KEY_FILE')
  })

  it('names every setting that cannot be used in one message', async () => {
    const ended = await serve([], { MCPGW_PUBLIC_URL: 'ftp://x', MCPGW_HOSTING: 'maybe' })
    expectRefusal(
      ended,
      1,
      '--public-url or MCPGW_PUBLIC_URL must be an http or https URL',
      '--hosting or MCPGW_HOSTING must be auto or off',
    )
    expectRefusal(await serve(['--port', 'http']), 1, '--port or MCPGW_PORT must be a number')
    expectRefusal(
      await serve(['--allow-upstream', '10.0.0.0/99']),
      1,
      'is not an address range',
      'Write it like 10.0.0.0/8',
    )
  })

  it.each(['MCPGW_OWNER_TOKEN', 'MCPGW_METRICS_TOKEN'])(
    'refuses in %s what is not well-formed, without repeating it',
    async (name) => {
      const ended = await serve([], { [name]: 'mcpgw_geheim' })
      expectRefusal(ended, 1, `${name} is not a well-formed token`, 'mcpgw-server token mint')
      expect(ended.stderr).not.toContain('mcpgw_geheim')
    },
  )

  it.each([
    ['short', 'c2hvcnQ='],
    ['all alike', Buffer.alloc(32, 7).toString('base64')],
    ['hexadecimal', randomBytes(32).toString('hex')],
    ['no base64', '!!!'],
  ])('refuses a master key that is %s, without repeating it', async (_what, key) => {
    const ended = await serve([], { MCPGW_MASTER_KEY: key })
    expectRefusal(ended, 1, /master key/, 'openssl rand -base64 32')
    expect(ended.stderr).not.toContain(key)
    expect(readdirSync(folder)).toEqual([])
  })

  it('refuses a key file that others may read, and says how to close it', async () => {
    const file = join(folder, 'key')
    const key = newKey()
    await writeFile(file, key)
    await chmod(file, 0o644)
    const ended = await serve([], { MCPGW_MASTER_KEY_FILE: file })
    expectRefusal(ended, 1, `Others may read the master key file ${file}`, `chmod 600 ${file}`)
    expect(ended.stderr).not.toContain(key)
  })

  it('says which key file it cannot find', async () => {
    const file = join(folder, 'missing')
    expectRefusal(
      await serve([], { MCPGW_MASTER_KEY_FILE: file }),
      1,
      `${file} cannot be read`,
      'Check MCPGW_MASTER_KEY_FILE',
    )
  })

  it('does not make a new key for a database whose key file is gone', async () => {
    const plane = await ControlPlane.start({ dataDir: folder })
    await plane.kill()
    await rm(join(folder, 'master.key'))
    expectRefusal(await serve([]), 1, 'its master key file', 'Put the file back from your backup')
    expect(existsSync(join(folder, 'master.key'))).toBe(false)
  })

  it('does not touch the database when the master key is another one', async () => {
    const plane = await ControlPlane.start({ dataDir: folder })
    await plane.workspace('team')
    await plane.api('POST', '/workspaces/team/servers', {
      name: 'up',
      url: 'http://127.0.0.1:1/',
      headers: { 'X-Key': '{{TOKEN}}' },
    })
    await plane.api('PUT', '/workspaces/team/servers/up/credential', { values: { TOKEN: 'a-value-to-keep' } })
    await plane.kill()
    const before = hashOfDatabase()
    const key = newKey()
    const ended = await serve([], { MCPGW_MASTER_KEY: key })
    expectRefusal(ended, 1, /master key/, /\n.+/)
    expect(ended.stderr).not.toContain(key)
    expect(hashOfDatabase()).toEqual(before)
    // With its own key it starts as if nothing had been.
    await using again = await ControlPlane.start({ dataDir: folder })
    expect(again.stderr).not.toMatch(/"level":50/)
  }, 20_000)

  describe('[V5] with a key that cannot be right, within two seconds and without touching the database', () => {
    const token = mintToken({ bytes: randomBytes })
    let filled: string
    let versionMs: number

    beforeAll(async () => {
      filled = await mkdtemp(join(tmpdir(), 'mcpgw-filled-'))
      const plane = await ControlPlane.start({ dataDir: filled })
      await plane.workspace('team')
      await plane.kill()
      const startedAt = performance.now()
      await runProgram(['--version'])
      versionMs = performance.now() - startedAt
    })
    afterAll(() => rm(filled, { recursive: true, force: true }))
    beforeEach(() => cp(filled, folder, { recursive: true }))

    const keyFile = () => join(folder, 'master.key')

    async function expectRefused(env: Record<string, string>): Promise<void> {
      const before = hashOfDatabase()
      const startedAt = performance.now()
      const ended = await serve([], env)
      const tookMs = performance.now() - startedAt
      expectRefusal(ended, 1, /master key/, /\n.+/)
      for (const secret of Object.values(env)) expect(ended.stderr).not.toContain(secret)
      expect(hashOfDatabase()).toEqual(before)
      // How long Node takes to begin is not ours, and on a busy machine it is most of it.
      expect(tookMs - versionMs).toBeLessThan(2_000)
    }

    it.each([
      ['short', { MCPGW_MASTER_KEY: randomBytes(31).toString('base64') }],
      ['hexadecimal and short', { MCPGW_MASTER_KEY: randomBytes(16).toString('hex') }],
      ['all zero', { MCPGW_MASTER_KEY: Buffer.alloc(32).toString('base64') }],
      ['the example of the documentation', { MCPGW_MASTER_KEY: EXAMPLE_KEYS[0] ?? '' }],
      ['the owner token', { MCPGW_MASTER_KEY: token, MCPGW_OWNER_TOKEN: token }],
      ['of another installation', { MCPGW_MASTER_KEY: newKey() }],
    ])('refuses one that is %s', (_what, env) => expectRefused(env))

    it('refuses one that is the previous key again', () => {
      const key = readFileSync(keyFile(), 'utf8').trim()
      return expectRefused({ MCPGW_MASTER_KEY: key, MCPGW_PREVIOUS_MASTER_KEY: key })
    })

    it('refuses one in a file that others may read', async () => {
      await chmod(keyFile(), 0o644)
      await expectRefused({})
    })

    it('refuses to start without one, and makes no other', async () => {
      await rm(keyFile())
      await expectRefused({})
      expect(existsSync(keyFile())).toBe(false)
    })
  })

  it('names the port that is in use', async () => {
    const taken = createServer()
    await new Promise<void>((ready) => taken.listen(0, '127.0.0.1', ready))
    // A TCP server has an address of this kind.
    const { port } = taken.address() as AddressInfo
    const ended = await runProgram(['serve', '--data-dir', folder, '--port', String(port)])
    expectRefusal(ended, 1, `Port ${port} on 127.0.0.1 is in use`, 'choose another port with --port')
    taken.close()
  })

  it('leaves a running control plane alone when a second one is started on its data folder', async () => {
    await using plane = await ControlPlane.start({ dataDir: folder })
    expectRefusal(
      await serve([]),
      1,
      `Another control plane is running on the data folder ${folder}`,
      'Stop it first',
    )
    // Also the socket for commands is still the first one's.
    const listed = await runProgram(['--data-dir', folder, 'workspace', 'list', '--json'])
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('items') })
    expect((await fetch(`${plane.url}/readyz`)).status).toBe(200)
  })

  it('names a data folder that cannot be made', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    const ended = await runProgram(['serve', '--data-dir', join(file, 'data'), '--port', '0'])
    expectRefusal(ended, 1, 'cannot be made: ENOTDIR', '--data-dir')
  })

  it('says so when the database file is something else', async () => {
    await writeFile(
      join(folder, 'mcpgw.db'),
      'this is a text, and long enough to be taken for a page of a database\n'.repeat(20),
    )
    await writeFile(join(folder, 'master.key'), newKey(), { mode: 0o600 })
    const before = hashOfDatabase()
    expectRefusal(await serve([]), 1, /mcpgw\.db/, /\n.+/)
    expect(hashOfDatabase()).toEqual(before)
  })
})

function hashOfDatabase(): Record<string, string> {
  const files = readdirSync(folder).filter((name) => name.startsWith('mcpgw.db'))
  return Object.fromEntries(
    files.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  )
}

describe('wrong usage', () => {
  it.concurrent.each([
    ['an unknown flag', ['serve', '--nope'], "unknown option '--nope'"],
    ['an unknown command', ['nope'], "there is no command 'nope'"],
    ['an unknown command of a noun', ['workspace', 'nope'], /unknown command 'nope'/],
    ['a word too many', ['serve', 'now'], "there is no command 'now'"],
    ['a value that is no choice', ['serve', '--hosting', 'maybe'], 'Allowed choices are auto, off'],
    ['a missing value', ['serve', '--port'], 'argument missing'],
    ['a missing argument', ['workspace', 'create'], 'missing required argument'],
  ])('%s ends with exit code 2 and points to the help', async (_what, args, words) => {
    const ended = await runProgram(args)
    expectRefusal(ended, 2, words, '--help')
  })

  it('a command that fails ends with exit code 1 and says why', async () => {
    const ended = await runProgram(['--data-dir', folder, 'audit', 'verify', 'nowhere'])
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toContain('There is no such workspace.')
    expect(ended.stderr).not.toMatch(/\n\s+at /)
  })
})
