import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleEntry } from '../../src/catalog/test-entry.ts'
import { askNpmRegistry } from '../../src/npm-registry.ts'
import { COMPILE_CACHE } from '../compile-cache.ts'
import { PROGRAM } from '../program.ts'

let folder: string
let registry: Awaited<ReturnType<typeof openRegistry>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcpgw-catalog-'))
  registry = await openRegistry()
})
afterAll(async () => {
  registry.close()
  await rm(folder, { recursive: true })
})

/** An npm registry with two packages. */
async function openRegistry() {
  const manifest = (name: string, more: object = {}) => ({ name, version: '1.0.0', ...more })
  const packages: Record<string, object> = {
    'good-mcp': manifest('good-mcp'),
    '@team/old-mcp': manifest('@team/old-mcp', { deprecated: 'Use good-mcp.' }),
  }
  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url?.slice(1) ?? '')
    const found = packages[name]
    if (found === undefined) {
      response.writeHead(name === 'broken-mcp' ? 400 : 404).end('{"error":"Not here"}')
      return
    }
    response.end(JSON.stringify({ name, 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': found } }))
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as AddressInfo
  return {
    environment: {
      PATH: process.env.PATH,
      HOME: folder,
      npm_config_registry: `http://127.0.0.1:${port}`,
      npm_config_cache: join(folder, 'npm-cache'),
      npm_config_fetch_retries: '0',
      npm_config_update_notifier: 'false',
    },
    close: () => server.close(),
  }
}

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

function run(args: string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const env = { ...COMPILE_CACHE, PATH: process.env.PATH, HOME: folder, ...environment }
  return new Promise((done) => {
    execFile(process.execPath, [PROGRAM, ...args], { env, cwd: folder }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    )
  })
}

async function catalogWith(entries: unknown[]): Promise<string> {
  const made = await mkdtemp(join(folder, 'entries-'))
  await writeFile(join(made, 'support.json'), JSON.stringify({ entries }))
  return made
}

const packaged = (id: string, identifier: string, version: string) => ({
  ...exampleEntry({ id, deployments: [{ package: 0, auth: 'none' }] }),
  name: `com.example/${id}`,
  title: id,
  remotes: [],
  packages: [{ registryType: 'npm', identifier, version, transport: { type: 'stdio' } }],
})

describe('mcpgw-server catalog check', () => {
  it('finds no mistake in the catalog that comes with the product, and counts', async () => {
    const { code, stdout, stderr } = await run(['catalog', 'check', '--json'])
    expect([code, stderr]).toEqual([0, ''])
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ problems: [], transports: { remote: expect.any(Number) } })
    expect(Date.parse(report.at)).toBeGreaterThan(Date.now() - 600_000)
  })

  it('says for people what is wrong and where, with exit code 1', async () => {
    const wrong = exampleEntry({ replacedBy: 'gone' })
    const { code, stdout, stderr } = await run(['catalog', 'check', '--folder', await catalogWith([wrong])])
    expect(code).toBe(1)
    expect(stdout).toMatch(/support\.json\s+example\s+It is replaced by gone, which is not there\./)
    expect(stderr).toBe('One thing is wrong with the catalog.\n')
  })

  it('says that there is no such folder, and what wrong usage is', async () => {
    const missing = await run(['catalog', 'check', '--folder', join(folder, 'none')])
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('cannot be read')])
    expect((await run(['catalog', 'check', '--colour'])).code).toBe(2)
  })

  it('asks the registry that npm is set up for, and names what is not there', async () => {
    const entries = [packaged('a-good', 'good-mcp', '1.0.0'), packaged('b-gone', 'good-mcp2', '1.0.0')]
    const args = ['catalog', 'check', '--registry', '--json', '--folder', await catalogWith(entries)]
    const { code, stdout } = await run(args, registry.environment)
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      problems: [],
      registry: {
        asked: 2,
        answers: [
          { identifier: 'good-mcp', version: '1.0.0', state: 'published' },
          { identifier: 'good-mcp2', version: '1.0.0', state: 'missing' },
        ],
      },
    })
  })
})

describe('a package at the npm registry', () => {
  it.each([
    ['good-mcp', '1.0.0', 'published'],
    ['@team/old-mcp', '1.0.0', 'deprecated'],
    ['good-mcp', '9.9.9', 'missing'],
    ['none-mcp', '1.0.0', 'missing'],
    ['broken-mcp', '1.0.0', 'unanswered'],
    ['--registry=http://127.0.0.1:1', '1.0.0', 'missing'],
    ['https://example.com/x.tgz', '1.0.0', 'missing'],
  ])('%s@%s is %s', async (identifier, version, state) => {
    const [answer] = await askNpmRegistry([{ identifier, version }], registry.environment)
    expect(answer).toMatchObject({ identifier, version, state })
  })
})
