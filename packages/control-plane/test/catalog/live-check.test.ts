import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCatalogLoader } from '../../src/catalog/load-catalog.ts'
import { CATALOG_FOLDER } from '../../src/catalog-folder.ts'
import { liveEntriesOf } from '../../src/catalog-live-check.ts'
import { PROGRAM } from '../program.ts'
import { LOOK_AROUND_SERVER } from '../servers/look-around-server.ts'
import { type NpmRegistry, startNpmRegistry } from '../servers/npm-registry.ts'

const folder = mkdtempSync(join(tmpdir(), 'live-check-'))
let registry: NpmRegistry

beforeAll(async () => {
  registry = await startNpmRegistry()
})
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** The command as people type it; temporary files are where the test can see them. */
async function check(...args: string[]) {
  const env = { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, ...registry.env }
  const run = promisify(execFile)(process.execPath, [PROGRAM, 'catalog', 'check', '--live', ...args], { env })
  return run.then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
  )
}

describe('mcpgw-server catalog check --live', () => {
  it('starts packages of the catalog, reports each with a date, and leaves nothing behind', async () => {
    const entries = liveEntriesOf((await createCatalogLoader(CATALOG_FOLDER)()).entries, () => '/tmp')
    const version = (name: string) =>
      entries.find(({ package: { identifier } }) => identifier === name)?.package.version ?? ''
    const bin = { manifest: { bin: 'server.js' } }
    registry.publish('time-mcp', version('time-mcp'), { ...bin, files: { 'server.js': LOOK_AROUND_SERVER } })
    const ends = "process.stderr.write('needs a display'); process.exit(3)"
    registry.publish('n8n-mcp', version('n8n-mcp'), { ...bin, files: { 'server.js': ends } })
    const report = join(folder, 'reports/live.jsonl')
    const { code, stdout } = await check('--only', 'time-mcp', 'n8n-mcp', 'repomix', '--report', report)
    expect(code).toBe(1)
    expect(stdout).toContain('1 of 3 packages listed their tools.')
    const rows = readFileSync(report, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const of = (name: string) => rows.find((row) => row.package === name)
    const today = new Date().toISOString().slice(0, 10)
    expect(of('time-mcp')).toMatchObject({
      outcome: 'listed',
      tools: 1,
      version: version('time-mcp'),
      checkedAt: expect.stringContaining(today),
      startMs: expect.any(Number),
    })
    expect(of('n8n-mcp')).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('needs a display'),
    })
    expect(of('repomix')).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('no such package'),
    })
    expect(readdirSync(folder).sort()).toEqual(['reports'])
  })

  it('has values for all that any npm package of the catalog needs', async () => {
    const { entries } = await createCatalogLoader(CATALOG_FOLDER)()
    const live = liveEntriesOf(entries, () => '/tmp')
    expect(live.length).toBeGreaterThan(100)
    expect(JSON.stringify(live)).not.toMatch(/\{\{|undefined/)
  })
})
