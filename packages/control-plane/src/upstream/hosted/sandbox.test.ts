import { lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openHostedProcess } from './hosted-process.ts'
import type { HostedSpec } from './launch.ts'
import { findContainment } from './sandbox.ts'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'mcpgw-sandbox-')))
afterAll(() => rmSync(root, { recursive: true }))

const site = folder('site')
const dataDir = folder('site/data')
const keyFile = join(folder('site/keys'), 'master.key')
writeFileSync(join(dataDir, 'mcpgw.db'), 'SECRET')
writeFileSync(keyFile, 'SECRET')
writeFileSync(join(folder('open'), 'note'), 'NOTE')
symlinkSync(site, join(root, 'link'))

const containment = await findContainment({
  nodePath: process.execPath,
  searchPath: process.env.PATH ?? '',
  dataDir,
  hiddenFiles: [keyFile, `${keyFile}.next`],
  egressSocket: '',
  limits: { maxMemoryBytes: 256 * 1024 * 1024, maxProcesses: 64 },
})
const isSandboxed = containment.kind === 'bwrap'

function folder(name: string): string {
  const path = join(root, name)
  mkdirSync(path, { recursive: true, mode: 0o755 })
  return path
}

/** What a script says that runs in a sandbox, with these arguments of its owner. */
async function inside(script: string, named: string[]): Promise<string> {
  const lines: string[] = []
  const exit = Promise.withResolvers<string>()
  const spec: HostedSpec = {
    command: '/bin/sh',
    args: ['-c', script, 'sh', ...named],
    env: {},
    named,
    workingFolder: join(dataDir, 'hosted', 'one'),
    label: 'one',
    network: 'none',
  }
  openHostedProcess(
    spec,
    { onLine() {}, onNoise: (line) => lines.push(line), onExit: () => exit.resolve(lines.join('\n')) },
    { nodePath: process.execPath, searchPath: process.env.PATH ?? '', contain: containment.contain },
  )
  return exit.promise
}

// Where this machine has no sandbox there is nothing to look through.
describe.skipIf(!isSandboxed)('[M11] a sandbox', () => {
  it.each([
    ['the folder around it', site],
    ['a link to the folder around it', join(root, 'link')],
    ['that folder by a roundabout way', join(site, 'data', '..')],
    ['the folder of the key', join(site, 'keys')],
    ['a link in front of the folder of the key', join(root, 'link', 'keys')],
  ])('shows neither vault nor master key when an argument names %s', async (_, named) => {
    const script = `find ${root} ! -type d 2>/dev/null; for path in "$@"; do
      cat "$path/data/mcpgw.db" "$path/keys/master.key" "$path/master.key" 2>/dev/null; done; echo done`
    const seen = await inside(script, [named, join(root, 'open')])
    expect(seen).toMatch(/done$/)
    expect(seen).toContain(join(root, 'open/note'))
    expect(seen).not.toMatch(/SECRET|mcpgw\.db|master\.key/)
    expect(() => lstatSync(`${keyFile}.next`)).toThrow('ENOENT')
  })

  // Only root can give files away.
  it.skipIf(process.getuid?.() !== 0)(
    'gives a server its folder, and nothing that a link in there leads to',
    async () => {
      const outside = folder('outside/deep')
      writeFileSync(join(outside, 'file'), '')
      const own = folder('site/data/hosted/linking')
      const inOwn = folder('site/data/hosted/linking/deep')
      writeFileSync(join(inOwn, 'file'), '')
      symlinkSync(join(root, 'outside'), join(own, 'link'))
      const launch = { command: '/bin/true', args: [], env: {}, folder: own }
      containment.contain(launch, { ...launch, workingFolder: own, label: 'linking', network: 'none' })
      const { uid } = lstatSync(own)
      expect(uid).toBeGreaterThan(0)
      expect([inOwn, join(inOwn, 'file')].map((path) => lstatSync(path).uid)).toEqual([uid, uid])
      expect([outside, join(outside, 'file')].map((path) => lstatSync(path).uid)).toEqual([0, 0])
    },
  )
})
