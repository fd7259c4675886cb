import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from './control-plane.ts'

const run = promisify(execFile)
const REPOSITORY = resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'mcpgw-installed-'))
const modules = join(folder, 'home/node_modules')
const program = join(modules, '@mcpgw/control-plane/dist/mcpgw-server.js')

/** Both packages, packed as for the registry, and installed by npm into a folder that knows nothing of this one. */
beforeAll(async () => {
  await run('npm', ['run', '--silent', 'packages:built', '--', folder], { cwd: REPOSITORY })
  const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  expect(tarballs).toHaveLength(2)
  const paths = tarballs.map((name) => join(folder, name))
  await run('npm', ['install', '--prefix', join(folder, 'home'), '--no-audit', '--no-fund', ...paths])
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the control plane, installed by npm', () => {
  it('comes with the bridge, the keychain for it, and nothing else', () => {
    const names = readdirSync(modules, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
    expect(names.sort()).toEqual(['@mcpgw', '@napi-rs', 'mcpgw'])
    expect(readdirSync(join(modules, '@napi-rs')).every((name) => name.startsWith('keyring'))).toBe(true)
  })

  it('holds the licences of the libraries inside it, and neither sources nor tests', () => {
    const files = readdirSync(join(modules, '@mcpgw/control-plane'), { recursive: true, encoding: 'utf8' })
    expect(files.filter((name) => /\.tsx?$|\.map$|test/.test(name))).toEqual([])
    const licences = readFileSync(join(modules, '@mcpgw/control-plane/dist/third-party-licenses.md'), 'utf8')
    for (const name of ['undici', 'hono', 'kysely', 'pg', 'zod']) expect(licences).toContain(name)
  })

  it('runs: dashboard, pages, catalog, statistics, documents of APIs, and the bridge for npx', async () => {
    await using plane = await ControlPlane.start({ program })
    const { slug, url } = await plane.workspace('eng')
    const text = async (path: string, headers = {}) => {
      const response = await fetch(new URL(path, plane.url), { headers })
      expect(response.status, path).toBe(200)
      return response.text()
    }
    const page = await text('/', { accept: 'text/html' })
    await text(/src="\.?(\/assets\/[^"]+\.js)"/.exec(page)?.[1] ?? 'no script')
    expect(await text('/pages/style.css')).toContain('{')
    const { items } = await plane.api('GET', '/catalog?query=tickets')
    expect((items as unknown[]).length).toBeGreaterThan(0)
    await plane.api('GET', `/workspaces/${slug}/stats?by=server&from=0&to=${Date.now()}`)
    const openapi = JSON.stringify({ openapi: '3.1.0', info: { title: 'a', version: '1' }, paths: PATHS })
    const preview = await plane.api('POST', `/workspaces/${slug}/servers/openapi-preview`, { openapi })
    expect(JSON.stringify(preview)).toContain('listUsers')
    const { stdout } = await run('npx', ['-y', '--allow-remote=all', url, '--version'], {
      env: { PATH: process.env.PATH, HOME: join(folder, 'home') },
    })
    expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/)
  })

  it('has a demo, whose servers come from the registry', async () => {
    await using plane = await ControlPlane.start({ program, args: ['--demo'] })
    const [token = ''] = /mcpgw_\w{46}/.exec(plane.stdout) ?? []
    const [url = ''] = /http:\S+\/ws\/demo/.exec(plane.stdout) ?? []
    const bridge = join(modules, 'mcpgw/dist/mcpgw.js')
    const words = ['call', 'time__days_in_month', '--args', '{"date":"2026-02-03"}', '--workspace', url]
    await plane.api('POST', '/workspaces/demo/servers/time/check')
    const { stdout } = await run(process.execPath, [bridge, ...words], {
      env: { MCPGW_TOKEN: token, HOME: join(folder, 'home') },
    })
    expect(stdout).toContain('28')
  })
})

const PATHS = { '/users': { get: { operationId: 'listUsers', responses: { 200: { description: 'ok' } } } } }
