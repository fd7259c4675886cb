import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, it } from 'vitest'

const SOURCE = resolve(import.meta.dirname, '../src')

interface Room {
  /** Rooms and packages it may import beside itself. */
  may: string[]
  because: string
}

/** Who may import whom. Change a row when its reason no longer convinces you, and say why in the same commit. */
const ROOMS: Record<string, Room> = {
  model: { may: [], because: 'it is the vocabulary of all others and knows no technology' },
  protocol: {
    may: ['model', 'zod'],
    because: 'what bytes on the wire mean must be testable by tables alone, without I/O',
  },
  access: {
    may: ['model', 'node:crypto', 'node:zlib'],
    because: 'a decision must be testable without a database or a socket',
  },
  vault: {
    may: ['model', 'zod', 'node:crypto'],
    because: 'secrets must not know the web, nor where they are kept',
  },
  audit: { may: ['model', 'protocol', 'zod', 'node:crypto'], because: 'it receives a store' },
  aggregation: {
    may: ['model', 'protocol', 'node:crypto'],
    because: 'which tools exist under which names is a pure question',
  },
  openapi: {
    may: [
      'model',
      'protocol',
      'access',
      'yaml',
      'zod',
      'node:crypto',
      'node:http',
      'node:path',
      'node:worker_threads',
    ],
    because:
      'what a document says, and what a call of it looks like, is tested by tables; of access it takes how patterns are read',
  },
  upstream: {
    may: ['model', 'protocol', 'openapi', 'zod', 'undici', 'eventsource-parser', 'ipaddr.js', 'node:*'],
    because: 'it is handed a credential for one call and forgets it: it must not reach the vault by itself',
  },
  catalog: {
    may: ['model', 'zod', 'minisearch', 'node:fs/promises', 'node:path', 'node:timers/promises'],
    because:
      'what an entry means must be testable without a database or a server; all it reads are its own files',
  },
  'client-config': {
    may: ['model', 'catalog', 'zod', 'jsonc-parser', 'smol-toml', 'yaml'],
    because: "what a client's configuration means here must be testable by tables; it keeps nothing",
  },
  'oauth-client': {
    may: ['model', 'zod', 'oauth4webapi', 'node:crypto', 'node:timers/promises'],
    because:
      'what is said to authorization servers must not know how it travels or where it is kept: it is given a guarded fetch, a vault and a store',
  },
  stats: {
    may: ['model', 'node:timers/promises'],
    because:
      'what is counted and how figures are read from it must be testable by tables; it is given a store',
  },
  metrics: {
    may: ['model', 'prom-client'],
    because: 'it is told what was logged, and asks for what is so at the moment',
  },
  storage: {
    may: ['model', 'zod', 'kysely', 'pg', 'node:*'],
    because: 'it holds the only SQL, and sealed bytes instead of secrets',
  },
  gateway: {
    may: [
      'model',
      'protocol',
      'access',
      'aggregation',
      'upstream',
      'audit',
      'zod',
      'node:crypto',
      'node:timers/promises',
    ],
    because: 'the journey of a call runs without a socket or a database of its own',
  },
  manage: {
    may: [
      'model',
      'protocol',
      'access',
      'vault',
      'audit',
      'catalog',
      'client-config',
      'openapi',
      'oauth-client',
      'stats',
      'zod',
      'node:*',
    ],
    because:
      'what people do is one door further in than HTTP; of the wire it knows how definitions of tools are read exactly',
  },
  'http/mcp': {
    may: [
      'model',
      'gateway',
      'protocol',
      'access',
      'http/workspace-door',
      'zod',
      'node:buffer',
      'node:http',
      'node:crypto',
    ],
    because: 'doors do not import each other',
  },
  'http/openai': {
    may: [
      'model',
      'gateway',
      'protocol',
      'access',
      'aggregation',
      'http/workspace-door',
      'http/json',
      'zod',
      'node:http',
    ],
    because: 'doors do not import each other: the same functions of the gateway serve this one',
  },
  'http/workspace-door': {
    may: ['model', 'gateway', 'protocol', 'access', 'node:buffer', 'node:http'],
    because: 'who is let into a workspace, and what is read of them, is the same at each of its doors',
  },
  'http/admin': {
    may: ['model', 'manage', 'http/json', 'hono', 'zod', 'node:*'],
    because: 'doors do not import each other; what JSON looks like is no door',
  },
  'http/dashboard': {
    may: ['model', 'manage', 'http/json', 'http/pages', 'http/callers', 'hono', 'node:*'],
    because: 'doors do not import each other: the admin API behind it is reached through the router alone',
  },
  'http/bridge-package': {
    may: ['model', 'nanotar', 'node:*'],
    because: 'it hands out files of ours to anybody: it knows no token and no workspace',
  },
  'http/oauth': {
    may: ['model', 'manage', 'http/json', 'http/pages', 'http/callers', 'hono', '@hono/node-server', 'zod'],
    because: 'doors do not import each other; pages, callers and JSON are no doors',
  },
  'http/callers': {
    may: ['model', 'ipaddr.js', 'node:http'],
    because: 'where somebody comes from is the same at every door, and no door is known here',
  },
  'http/json': {
    may: ['model'],
    because: 'a JSON body is read, and an error told, the same at every door, and no door is known here',
  },
  'http/metrics': {
    may: ['model', 'http/json', 'hono', 'node:http'],
    because: 'doors do not import each other: what is counted, and who may read it, is handed to it',
  },
  'http/pages': {
    may: ['model', 'hono', 'node:fs'],
    because: 'what pages look like is the same whatever they say',
  },
  http: {
    may: ['model', 'hono', 'node:http', 'node:net'],
    because: 'it only opens the building: the doors are handed to it',
  },
  cli: {
    may: ['commander', 'zod', 'node:*'],
    because: 'commands are clients of the admin API and nothing more',
  },
}

/** Wiring and the process edge may import everything. */
const EDGE = 'edge'

it('keeps every room to the neighbours it may know', () => {
  const offences = sourceFiles(SOURCE).flatMap((file) => {
    const room = roomOf(file)
    const rule = ROOMS[room]
    if (rule === undefined) return []
    return importsOf(file)
      .filter((imported) => imported !== room && !isAllowed(rule, imported))
      .map((imported) => `${relative(SOURCE, file)} imports ${imported}: ${rule.because}`)
  })
  expect(offences).toEqual([])
})

it('has a rule for every room', () => {
  const rooms = new Set(sourceFiles(SOURCE).map(roomOf))
  rooms.delete(EDGE)
  expect([...rooms].sort()).toEqual(Object.keys(ROOMS).sort())
})

it('lets only the process edge see the environment and end the process', () => {
  const offenders = sourceFiles(SOURCE).filter((file) =>
    /process\.(env|exit|argv)\b/.test(withoutComments(readFileSync(file, 'utf8'))),
  )
  expect(offenders.map((file) => relative(SOURCE, file))).toEqual(['main.ts'])
})

function isAllowed({ may }: Room, imported: string): boolean {
  return may.some(
    (rule) => rule === imported || (rule.endsWith('*') && imported.startsWith(rule.slice(0, -1))),
  )
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
}

function roomOf(file: string): string {
  const parts = dirname(relative(SOURCE, file)).split('/')
  const [first = '.', second] = parts
  if (first === '.') return EDGE
  return first === 'http' && second !== undefined ? `http/${second}` : first
}

/** Rooms, packages and built-in modules that a file imports; types count too. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^'"\n;]*(?:\{[^}]*\}[^'"\n;]*)?from\s+['"]([^'"]+)['"]|import\(['"]([^'"]+)['"]\)/g,
  )
  return Array.from(found, ([, one, other]) => one ?? other ?? '').map((target) => {
    if (!target.startsWith('.')) return packageOf(target)
    return roomOf(resolve(dirname(file), target))
  })
}

function packageOf(target: string): string {
  if (target.startsWith('node:')) return target
  const [scope = '', name = ''] = target.split('/')
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
}
