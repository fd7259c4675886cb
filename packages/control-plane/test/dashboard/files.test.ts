import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDashboardApp } from '../../src/http/dashboard/app.ts'
import { hostLine, sendRaw } from '../access/raw-request.ts'
import { type Gateway, openGateway } from './open-gateway.ts'

const SCRIPT = `console.log(${JSON.stringify('the same again, '.repeat(500))})`
const INDEX = `<!doctype html>
<html lang="en"><head><meta name="mcpgw-base" content=""><link rel="icon" href="./icon.svg">
<script type="module" crossorigin src="./assets/index-1a2b.js"></script>
<link rel="stylesheet" href="./assets/index-3c4d.css"></head><body><div id="root"></div></body></html>
`

let folder: string
let gateway: Gateway

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-dist-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), INDEX)
  writeFileSync(join(folder, 'icon.svg'), '<svg/>')
  writeFileSync(join(folder, 'assets/index-1a2b.js'), SCRIPT)
  writeFileSync(join(folder, 'assets/index-1a2b.js.map'), '{}')
  writeFileSync(join(folder, 'assets/index-3c4d.css'), 'body{}')
  writeFileSync(join(folder, 'assets/inter-5e6f.woff2'), Buffer.alloc(2_000))
  symlinkSync('/etc/passwd', join(folder, 'assets/linked.txt'))
  gateway = await openGateway({ dashboardFolder: folder })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const PAGES = [
  '/',
  '/sign-in',
  '/setup',
  '/account',
  '/workspaces',
  '/members',
  '/catalogs',
  '/system',
  '/w/team/servers/a%20b',
]

/** Bytes as they were sent: `fetch` unpacks them. */
async function raw(path: string, acceptEncoding: string) {
  const { request } = await import('node:http')
  const { promise, resolve, reject } = Promise.withResolvers<{
    headers: NodeJS.Dict<string | string[]>
    body: Buffer
  }>()
  request(gateway.url + path, { headers: { 'accept-encoding': acceptEncoding } }, async (response) => {
    resolve({ headers: response.headers, body: Buffer.concat(await Array.fromAsync(response)) })
  })
    .on('error', reject)
    .end()
  return promise
}

describe('the dashboard', () => {
  it('has one page at all of its addresses, with its assets where they are', async () => {
    const expected = INDEX.replaceAll('"./', '"/')
    for (const path of PAGES) {
      const { status, text, headers } = await gateway.ask('GET', path)
      expect([path, status, text]).toEqual([path, 200, expected])
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
      const head = await gateway.ask('HEAD', path)
      expect([head.status, head.text]).toEqual([200, ''])
    }
  })

  it('[W4] [W5] sends its page with what keeps it from being framed, kept or filled by others', async () => {
    const { headers } = await gateway.ask('GET', '/w/team')
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': expect.stringContaining('camera=(), '),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    })
    expect(headers.has('strict-transport-security')).toBe(false)
  })

  it('promises TLS where the public URL has it', async () => {
    await using publicly = await openGateway({
      settings: { publicUrl: 'https://gateway.example' },
      dashboardFolder: folder,
    })
    const { headers } = await publicly.ask('GET', '/')
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000')
  })

  it('[W5] lets browsers keep assets for ever, and ask again for the rest', async () => {
    const assets = {
      '/assets/index-1a2b.js': 'text/javascript; charset=utf-8',
      '/assets/index-3c4d.css': 'text/css; charset=utf-8',
      '/assets/inter-5e6f.woff2': 'font/woff2',
    }
    for (const [path, type] of Object.entries(assets)) {
      const { status, headers } = await gateway.ask('GET', path)
      expect([path, status, headers.get('content-type')]).toEqual([path, 200, type])
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      const again = { 'if-none-match': headers.get('etag') ?? 'none' }
      expect((await gateway.ask('GET', path, { headers: again })).status).toBe(304)
    }
    const icon = await gateway.ask('GET', '/icon.svg')
    expect([icon.status, icon.headers.get('content-type'), icon.headers.get('cache-control')]).toEqual([
      200,
      'image/svg+xml',
      'no-cache',
    ])
    const stale = await gateway.ask('GET', '/icon.svg', { headers: { 'if-none-match': '"other"' } })
    expect(stale.status).toBe(200)
  })

  it('sends what is long and of words packed, in the best way the browser takes', async () => {
    const path = '/assets/index-1a2b.js'
    const br = await raw(path, 'gzip, deflate, br, zstd')
    expect(br.headers['content-encoding']).toBe('br')
    expect(br.body.length).toBeLessThan(SCRIPT.length / 10)
    expect(brotliDecompressSync(br.body).toString()).toBe(SCRIPT)
    const gzip = await raw(path, 'gzip, br;q=0')
    expect([gzip.headers['content-encoding'], gunzipSync(gzip.body).toString()]).toEqual(['gzip', SCRIPT])
    const plain = await raw(path, 'identity')
    expect([plain.headers['content-encoding'], plain.body.toString()]).toEqual([undefined, SCRIPT])
    expect(new Set([br, gzip, plain].map(({ headers }) => headers.etag)).size).toBe(3)
    expect(br.headers.vary).toBe('Accept-Encoding')
    for (const other of ['/assets/index-3c4d.css', '/assets/inter-5e6f.woff2'])
      expect((await raw(other, 'br')).headers['content-encoding']).toBeUndefined()
  })

  it('[W10] serves nothing that was not built into its folder when it started', async () => {
    writeFileSync(join(folder, 'assets/later.js'), 'x')
    const paths = [
      '/assets/later.js',
      '/assets/linked.txt',
      '/assets/index-1a2b.js.map',
      '/assets/',
      '/assets',
      '/assets/..%2findex.html',
      '/assets/%2e%2e/%2e%2e/package.json',
      '/assets//etc/passwd',
      '/assets/index-1a2b.js/',
      '/assets/constructor',
      '/index.html',
      '/__proto__',
      '/sign-in/x',
      '/wx',
      '/nothing',
    ]
    for (const path of paths)
      for (const method of ['GET', 'HEAD', 'POST'])
        expect([method, path, (await gateway.ask(method, path)).status]).toEqual([method, path, 404])
    expect((await gateway.ask('POST', '/sign-in')).status).toBe(404)
    // As no browser writes it.
    for (const path of ['/assets/../../package.json', '/assets/./../../../../etc/passwd', '//etc/passwd']) {
      const { status, body } = await sendRaw(gateway.url, `GET ${path}`, [hostLine(gateway.url)])
      expect([path, status, body.includes('root:') || body.includes('"name"')]).toEqual([path, 404, false])
    }
  })
})

describe('where the dashboard is not built', () => {
  it('every address of it says how to build it, and the rest works', async () => {
    await using bare = await openGateway({ dashboardFolder: join(folder, 'none') })
    for (const path of ['/', '/setup', '/w/team']) {
      const { status, text, headers } = await bare.ask('GET', path)
      expect([path, status]).toEqual([path, 200])
      expect(text).toContain('npx -y pnpm@12.21.0 run build')
      expect(headers.get('x-frame-options')).toBe('DENY')
    }
    expect((await bare.ask('GET', '/assets/index-1a2b.js')).status).toBe(404)
    expect((await bare.ask('GET', '/readyz')).status).toBe(200)
  })
})

describe('below a path of the public URL', () => {
  it('the page finds its assets and itself there, whatever the path holds', async () => {
    const app = createDashboardApp({ folder, publicUrl: 'https://gateway.example/tools/"><b>/' })
    const text = await (await app.request('/sign-in')).text()
    const base = '/tools/%22%3E%3Cb%3E'
    expect(text).toBe(INDEX.replaceAll('"./', `"${base}/`).replace('content=""', `content="${base}"`))
    const ampersand = createDashboardApp({ folder, publicUrl: "https://gateway.example/a&b'$&c" })
    expect(await (await ampersand.request('/')).text()).toContain('content="/a&amp;b&#39;$&amp;c"')
  })
})
