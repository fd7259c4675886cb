import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BASE_PATH, DESCRIPTION_PATH, ROUTES } from '../../src/http/admin/routes.ts'
import { ControlPlane } from '../control-plane.ts'
import { type Canary, createHunt, ENCODINGS, oddCanary, plainCanary, structuredCanary } from './canaries.ts'
import { type HostileServer, HTTP_PLACES, startHostile } from './hostile-http.ts'
import { CALL_PLACES } from './hostile-script.ts'
import { WireTap } from './wire-tap.ts'

const STDIO = join(import.meta.dirname, 'hostile-stdio.ts')
const PRINTENV = join(import.meta.dirname, '../servers/printenv-stdio.ts')
const REMOTES = ['legacy', 'modern', 'sse'] as const
const SERVERS = [...REMOTES, 'stdio'] as const
const ROLES = ['owner', 'admin', 'developer', 'readonly', 'foreign', 'nobody'] as const

/** The odd value takes no more than this as JSON, over stdio. */
const LONGEST_BYTES = 64

/** What is put into the three values of one server's credential. */
function newSecrets(server: (typeof SERVERS)[number]) {
  const token = plainCanary()
  const key = structuredCanary()
  // A header carries no line break, and no more than ASCII as it stands.
  const odd = oddCanary(server === 'stdio' ? '"\\%+/<\n\u00e4\u20ac\u{1f511}' : '"\\%+/<\'&=')
  const [, privateKey] = key.leaves
  return {
    values: {
      TOKEN: token.value,
      KEY: server === 'stdio' ? (privateKey?.value ?? '') : key.value,
      ODD: odd.value,
    },
    canaries: [token, key, odd] satisfies Canary[],
  }
}

const started = Date.now()
const open = new AsyncDisposableStack()
const tap = new WireTap()
const canaries: Canary[] = []
const tokens: Partial<Record<(typeof ROLES)[number], string>> = {}
const remotes = {} as Record<(typeof REMOTES)[number], HostileServer>
const own = mkdtempSync(join(tmpdir(), 'mcpgw-canary-'))
let plane: ControlPlane

const url = () => `${plane.url}/ws/eng`
const admin = (method: string, path: string, body?: unknown) =>
  ask(`admin API ${method} ${path}`, 'owner', method, path, body)

async function ask(
  where: string,
  role: (typeof ROLES)[number],
  method: string,
  path: string,
  body?: unknown,
): Promise<string> {
  const token = tokens[role]
  const { text } = await tap.fetch(where, `${plane.url}${BASE_PATH}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(method !== 'GET' && { body: typeof body === 'string' ? body : JSON.stringify(body ?? {}) }),
  })
  return text
}

async function setCredentials(): Promise<void> {
  for (const server of SERVERS) {
    const { values, canaries: made } = newSecrets(server)
    canaries.push(...made)
    await admin('PUT', `/workspaces/eng/servers/${server}/credential`, { values })
    await admin('POST', `/workspaces/eng/servers/${server}/check`)
  }
}

async function addServers(): Promise<void> {
  const headers = { Authorization: 'Bearer {{TOKEN}}', 'X-Secret-1': '{{KEY}}', 'X-Secret-2': '{{ODD}}' }
  for (const name of REMOTES) {
    remotes[name] = open.use(await startHostile(name))
    const transport = name === 'sse' ? 'sse' : 'auto'
    await admin('POST', '/workspaces/eng/servers', {
      name,
      url: remotes[name].url,
      transport,
      headers,
      timeoutMs: 5000,
    })
  }
  const env = { SECRET_0: '{{TOKEN}}', SECRET_1: '{{KEY}}', SECRET_2: '{{ODD}}' }
  await admin('POST', '/workspaces/eng/servers', {
    name: 'stdio',
    command: 'node',
    args: [STDIO],
    env,
    timeoutMs: 5000,
  })
  await plane.addServer('other', { name: 'env', command: 'node', args: [PRINTENV] })
}

beforeAll(async () => {
  plane = open.use(await ControlPlane.start({ env: { TMPDIR: own } }))
  tokens.owner = plane.ownerToken
  const { token } = await plane.workspace('eng')
  await plane.workspace('other')
  tokens.developer = token
  tokens.admin = await plane.token('eng', { role: 'admin' })
  tokens.readonly = await plane.token('eng', { role: 'readonly' })
  tokens.foreign = await plane.token('other', { role: 'admin' })
  await addServers()
  await setCredentials()
})

afterAll(async () => {
  await open.disposeAsync()
  rmSync(own, { recursive: true, force: true })
})

/** What was found anywhere since the last look, each with where; the first of it, when there is much. */
function found(): string[] {
  const hunt = createHunt(canaries)
  const taken = tap.taken.splice(0)
  return taken.flatMap(({ where, bytes }) => hunt(bytes).map((what) => `${where}: ${what}`)).slice(0, 12)
}

describe('[V9] a secret that a hostile server repeats', () => {
  it.each(['legacy', 'modern'] as const)(
    'reaches no %s client from any place of a message, in any encoding',
    async (era) => {
      const send = await tap.client(era, url(), tokens.developer ?? '')
      const silent: string[] = []
      for (const server of SERVERS) {
        for (const place of CALL_PLACES) {
          for (const secret of [0, 1, 2]) {
            // A legacy client is asked by a request, and there is no answer before it answers that.
            const until =
              era === 'legacy' && (place === 'input required' || place === 'awaited elicitation')
                ? '"elicitation/create"'
                : undefined
            const text = await send(
              'tools/call',
              { name: `${server}__leak`, arguments: { place, secret } },
              until,
            )
            if (!text.includes('[redacted:')) silent.push(`${server} ${place}`)
          }
        }
      }
      expect(found()).toEqual([])
      // Each of them did say it, but where this era has no way to pass it on.
      expect([...new Set(silent)].filter((place) => !mayBeSilent(place, era))).toEqual([])
    },
  )

  /** Notifications meant for nobody, and questions to a client of the other era. */
  function mayBeSilent(place: string, era: string): boolean {
    if (/unknown notification|resource updated|cancel reason|input required/.test(place)) return true
    // The legacy client before left a question open on the one stream there is: it could be told of by this message.
    if (era === 'modern' && place === 'sse log data') return true
    return era === 'modern'
      ? / (elicitation|sampling)/.test(place)
      : /^modern .*(elicitation|sampling)/.test(place)
  }

  it('is found when it comes in two pieces, wherever the border is', async () => {
    const send = await tap.client('legacy', url(), tokens.developer ?? '')
    const ways = [
      ['legacy', 'split'],
      ['legacy', 'split event'],
      ['modern', 'split'],
      ['modern', 'split event'],
      ['stdio', 'split'],
    ] as const
    let asked = 0
    await Promise.all(
      ways.map(async ([server, place]) => {
        for (let offset = -1; offset <= LONGEST_BYTES; offset += 1) {
          const text = await send('tools/call', {
            name: `${server}__leak`,
            arguments: { place, secret: 2, offset },
          })
          expect(text).toContain('"before [redacted:ODD] after"')
          asked += 1
        }
      }),
    )
    expect(asked).toBe(ways.length * (LONGEST_BYTES + 2))
    expect(found()).toEqual([])
  })

  it.each(['legacy', 'modern'] as const)(
    'stands in no list, prompt, resource or completion for %s clients',
    async (era) => {
      const send = await tap.client(era, url(), tokens.developer ?? '')
      const lists = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']
      for (const method of era === 'modern' ? ['server/discover', ...lists] : lists) {
        const text = await send(method, {})
        if (method !== 'server/discover') expect(text).toContain('[redacted:')
      }
      for (const server of SERVERS) {
        const name = `${server}__leak`
        expect(await send('prompts/get', { name })).toContain('[redacted:')
        await send('completion/complete', {
          ref: { type: 'ref/prompt', name },
          argument: { name: 'a', value: 'b' },
        })
      }
      await send('resources/read', { uri: `mcpgw://legacy/${encodeURIComponent('x://leak')}` })
      await send('resources/read', { uri: 'x://leak/7' })
      expect(found()).toEqual([])
    },
  )

  it.each(['legacy', 'sse'] as const)(
    'is kept back, the old one and the new one, when it was rotated while a call waited on a %s server',
    async (server) => {
      const params = { name: `${server}__leak`, arguments: { place: 'after an answer' } }
      const text = await tap.answering(url(), tokens.developer ?? '', params, async () => {
        const { values, canaries: made } = newSecrets(server)
        canaries.push(...made)
        await admin('PUT', `/workspaces/eng/servers/${server}/credential`, { values })
      })
      // Three values, before and after.
      expect(text.match(/raw: \[redacted:/g)).toHaveLength(6)
      expect(found()).toEqual([])
    },
  )

  it('does not come out of anything that HTTP can say', async () => {
    for (const server of ['legacy', 'modern'] as const) {
      for (const era of ['legacy', 'modern'] as const) {
        const send = await tap.client(era, url(), tokens.developer ?? '')
        for (const place of HTTP_PLACES) {
          await send('tools/call', { name: `${server}__leak`, arguments: { place, secret: 2 } })
          await admin('GET', `/workspaces/eng/servers/${server}`)
          await admin('POST', `/workspaces/eng/servers/${server}/check`)
        }
      }
    }
    expect(found()).toEqual([])
  })

  it('is not among the last words of a process', async () => {
    const send = await tap.client('legacy', url(), tokens.developer ?? '')
    const text = await send('tools/call', { name: 'stdio__leak', arguments: { place: 'exit', secret: 0 } })
    expect(text).toContain('It said: ')
    await admin('GET', '/workspaces/eng/servers/stdio')
    await admin('POST', '/workspaces/eng/servers/stdio/check')
    expect(found()).toEqual([])
  })

  it('leaves nothing listed whose very name it is: nobody could use it', async () => {
    const send = await tap.client('legacy', url(), tokens.developer ?? '')
    for (const method of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']) {
      const text = await send(method, {})
      expect(text).toContain('leak')
      expect(text).not.toMatch(/see-|keyed/)
    }
  })
})

describe('[V8] the admin API', () => {
  it('shows no value of a credential to anyone on any route, whatever is sent', async () => {
    let asked = 0
    for (const { method, path, sends } of ROUTES) {
      if (sends === 'events') continue
      for (const role of ROLES) {
        for (const body of bodiesFor(method, path)) {
          await ask(`${role} ${method} ${path}`, role, method, filled(method, path), body)
          asked += 1
        }
      }
    }
    for (const path of [
      BASE_PATH + DESCRIPTION_PATH,
      '/',
      '/ws/eng',
      '/healthz',
      '/readyz',
      '/metrics',
      '/oauth/authorize',
      '/nothing',
    ])
      await tap.fetch(path, plane.url + path, { headers: { accept: 'text/html' } })
    expect(asked).toBeGreaterThan(300)
    expect(found()).toEqual([])
  })

  /** Nothing that the other tests need is removed. */
  function filled(method: string, path: string): string {
    const server = method === 'DELETE' ? 'gone' : 'stdio'
    return path
      .replace(':workspace', method === 'DELETE' && path === '/workspaces/:workspace' ? 'gone' : 'eng')
      .replace(':server', server)
      .replace(/:token|:invite/, 'none')
  }

  function bodiesFor(method: string, path: string): unknown[] {
    if (method === 'GET') return [undefined]
    const secret = canaries[0]?.value ?? ''
    const wrong = path.endsWith('/credential')
      ? [
          { values: { TOKEN: secret, 'not a name': secret } },
          { values: secret },
          { values: { A: secret }, more: secret },
          `{"values":{"A":"${secret}"`,
        ]
      : [{ nothing: true }, '{"broken":']
    return [{}, [], ...wrong]
  }
})

describe('[V1] a credential at rest', () => {
  let stream: Promise<void>
  let stdoutBefore = ''

  it('is rotated, and the process killed while calls run', async () => {
    const ending = new AbortController()
    const tail = await fetch(`${plane.url}${BASE_PATH}/workspaces/eng/audit/tail`, {
      headers: { authorization: `Bearer ${tokens.admin}` },
      signal: ending.signal,
    })
    stream = keepStream(tail)
    await setCredentials()
    await useAll()
    expect(found()).toEqual([])
    const running = [useAll(), useAll(), setCredentials()].map((each) => each.catch(() => {}))
    await new Promise((later) => setTimeout(later, 60))
    stdoutBefore = plane.stdout
    await plane.kill('SIGKILL')
    await Promise.all(running)
    ending.abort()
    await stream
    searchFolders()
    await plane.start()
    for (const server of SERVERS) await admin('POST', `/workspaces/eng/servers/${server}/check`)
    await useAll()
    expect(found()).toEqual([])
  })

  async function keepStream(response: Response): Promise<void> {
    try {
      for await (const chunk of response.body ?? []) tap.keep('live log', Buffer.from(chunk))
    } catch {
      // The control plane was killed.
    }
  }

  async function useAll(): Promise<void> {
    const send = await tap.client('legacy', url(), tokens.developer ?? '')
    for (const server of SERVERS) {
      for (const place of ['text', 'error message', 'progress note'])
        await send('tools/call', {
          name: `${server}__leak`,
          arguments: { place, secret: 1, note: canaries[0]?.value },
        })
    }
  }

  it('is in no file of the data folder and no temporary file, before and after the restart', () => {
    searchFolders()
    expect(tap.taken.some(({ where }) => where.endsWith('backup.db'))).toBe(true)
    expect(tap.taken.filter(({ where }) => where.includes('mcpgw.db')).length).toBeGreaterThan(1)
    expect(found()).toEqual([])
  })

  /** The files, and a copy of the database as its own backup makes it. */
  function searchFolders(): void {
    const copy = mkdtempSync(join(own, 'copy-'))
    cpSync(plane.dataDir, copy, { recursive: true, filter: (path) => !statSync(path).isSocket() })
    const database = filesBelow(copy).find((path) => path.endsWith('.db')) ?? ''
    const opened = new DatabaseSync(database)
    opened.exec(`VACUUM INTO '${join(copy, 'backup.db')}'`)
    opened.close()
    // The copies hold what the folder held at the moment, also what the next start cleans away.
    for (const path of [...filesBelow(own), ...newTemporaryFiles()]) tap.keepBytes(path, readFileSync(path))
    rmSync(copy, { recursive: true })
  }

  function filesBelow(folder: string): string[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  }

  function newTemporaryFiles(): string[] {
    return [tmpdir(), process.cwd()].flatMap((folder) =>
      readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(folder, entry.name))
        .filter((path) => statSync(path).mtimeMs >= started),
    )
  }

  it('[T2] is all that the database holds of a token: a hash, with which nobody gets in', async () => {
    const hunt = createHunt(
      Object.values(tokens).map((value) => ({ value, pieces: [value.slice(7, 27), value.slice(27, 47)] })),
    )
    for (const path of filesBelow(plane.dataDir)) expect([path, hunt(readFileSync(path))]).toEqual([path, []])
    const database = new DatabaseSync(join(plane.dataDir, 'mcpgw.db'), { readOnly: true })
    const tables = [
      'tokens',
      'workspaces',
      'servers',
      'wrapped_keys',
      'credentials',
      'logins',
      'invites',
    ].filter(
      (table) => database.prepare('select 1 from sqlite_master where name = ?').get(table) !== undefined,
    )
    const stored = tables.flatMap((table) =>
      database.prepare(`select * from ${table}`).all().flatMap(Object.values),
    )
    database.close()
    const values = new Set(stored.map(asText).filter((text) => /^[\x21-\x7e]{4,500}$/.test(text)))
    expect(values.size).toBeGreaterThan(20)
    for (const value of values) {
      const headers = { authorization: `Bearer ${value}` }
      const { status } = await fetch(`${plane.url}${BASE_PATH}/whoami`, { headers })
      // After ten of them, this address has tried too often.
      expect([value, status === 401 || status === 429]).toEqual([value, true])
    }
  })

  function asText(value: unknown): string {
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)
  }

  it('is in no output of the program', () => {
    tap.keep('stdout', stdoutBefore + plane.stdout)
    tap.keep('stderr', plane.stderr)
    expect(found()).toEqual([])
  })

  it('is in no command line, and in no environment but that of its own process', () => {
    const looked: string[] = []
    for (const pid of descendants(plane.pid)) {
      const commandLine = readFileSync(`/proc/${pid}/cmdline`)
      tap.keepBytes(`command line of ${pid}`, commandLine)
      if (isOwnProcess(pid)) continue
      tap.keepBytes(`environment of ${pid}`, readFileSync(`/proc/${pid}/environ`))
      looked.push(commandLine.toString())
    }
    expect(looked.some((text) => text.includes('printenv'))).toBe(true)
    expect(looked.some((text) => text.includes('mcpgw-server.js'))).toBe(true)
    expect(found()).toEqual([])
  })

  function isOwnProcess(pid: number): boolean {
    return readFileSync(`/proc/${pid}/cmdline`).includes('hostile-stdio')
  }

  function descendants(root: number): number[] {
    const lines = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
    const parents = new Map(lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]))
    const below = [root]
    for (let at = 0; at < below.length; at += 1)
      for (const [pid, parent] of parents) if (parent === below[at]) below.push(pid)
    return below.filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`).length > 0
      } catch {
        return false
      }
    })
  }

  it('[U3] is in no row of the log and no export of it', async () => {
    const rows = await admin('GET', '/workspaces/eng/audit?limit=200')
    expect(rows).toContain('stdio')
    for (const format of ['jsonl', 'csv']) {
      const text = await admin('GET', `/workspaces/eng/audit/export?format=${format}`)
      expect(text).toContain('leak')
    }
    expect(found()).toEqual([])
  })
})

it('finds what it looks for: a hunt that finds nothing has looked', () => {
  const canary = plainCanary()
  const hunt = createHunt([canary])
  for (const [name, encode] of Object.entries(ENCODINGS)) {
    const decoded = JSON.stringify(JSON.parse(`"${encode(canary.value)}"`))
    expect([name, [...hunt(encode(canary.value)), ...hunt(decoded)].length > 0]).toEqual([name, true])
  }
  expect(hunt(Buffer.from(canary.value, 'utf16le'))).not.toEqual([])
})
