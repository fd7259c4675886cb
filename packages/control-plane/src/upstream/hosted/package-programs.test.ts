import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { HostedTarget, PackageRef } from '../../model/server.ts'
import { openNpmStore } from './npm-store.ts'
import { createPackagePrograms } from './package-programs.ts'

const root = mkdtempSync(join(tmpdir(), 'package-programs-'))
afterAll(() => rmSync(root, { recursive: true }))

const DIGEST = `@sha256:${'a'.repeat(64)}`

function programs(...engines: string[]) {
  const searchPath = mkdtempSync(join(root, 'programs-'))
  for (const engine of engines) {
    writeFileSync(join(searchPath, engine), '')
    chmodSync(join(searchPath, engine), 0o755)
  }
  mkdirSync(join(root, 'npm'), { recursive: true })
  const npm = openNpmStore({
    folder: join(root, 'npm'),
    clock: { now: () => 0 },
    nodePath: process.execPath,
    searchPath,
    env: {},
  })
  const limits = { maxMemoryBytes: 512 * 1024 * 1024, maxProcesses: 100 }
  return createPackagePrograms({ npm, searchPath, engineEnv: { DOCKER_HOST: 'unix:///x' }, limits })
}

function target(ref: Partial<PackageRef>, more: Partial<HostedTarget> = {}): HostedTarget {
  const whole: PackageRef = { registryType: 'oci', identifier: 'acme/server', version: '1.2.3', ...ref }
  return { kind: 'hosted', command: '', args: [], env: {}, ...more, package: whole }
}

describe('an image as a server', () => {
  it('runs in a container under our limits, and its secrets are on no command line', async () => {
    const server = target({}, { args: ['--stdio'], env: { API_KEY: 'secret', REGION: 'eu' } })
    const program = await programs('docker', 'podman').programOf(server)
    expect(program).toMatchObject({ args: ['--stdio'], isContainer: true, env: { DOCKER_HOST: 'unix:///x' } })
    expect(program.command).toMatch(/\/docker$/)
    expect(program.before.join(' ')).toBe(
      'run --rm --interactive --init --cap-drop ALL --security-opt no-new-privileges --memory 536870912 ' +
        '--memory-swap 536870912 --pids-limit 100 --network bridge --log-driver none --env API_KEY --env REGION acme/server:1.2.3',
    )
  })

  it('is run by podman where there is no docker, and has no network when it shall have none', async () => {
    const { command, before } = await programs('podman').programOf(target({}, { network: 'none' }))
    expect(command).toMatch(/\/podman$/)
    expect(before.join(' ')).toContain('--network none')
  })

  it.each([
    [{ identifier: 'host.example:5000/acme/server:2.0' }, 'host.example:5000/acme/server:2.0'],
    [{ identifier: `acme/server${DIGEST}` }, `acme/server${DIGEST}`],
    [{ identifier: 'host.example:5000/acme/server', version: '7' }, 'host.example:5000/acme/server:7'],
  ])('is exactly the one that is named: %o', async (ref, image) => {
    const { version: _, ...rest } = target(ref).package as PackageRef
    const server = { ...target({}), package: { ...rest, ...('version' in ref && { version: ref.version }) } }
    expect((await programs('docker').programOf(server)).before.at(-1)).toBe(image)
  })

  it("is refused without an engine, with a filtered network, and with a variable that is the engine's", async () => {
    await expect(programs().programOf(target({}))).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('docker or podman'),
      fix: expect.stringContaining('Install one'),
    })
    await expect(programs('docker').programOf(target({}, { network: 'filtered' }))).rejects.toThrow(
      /filtered/,
    )
    for (const name of ['DOCKER_HOST', 'HOME', 'https_proxy', 'CONTAINER_HOST'])
      await expect(programs('docker').programOf(target({}, { env: { [name]: 'x' } }))).rejects.toThrow(name)
  })

  it.each([['latest'], [undefined], ['--privileged'], ['1.0 --privileged']])(
    'is refused when its tag is %s',
    async (version) => {
      const { version: _, ...rest } = target({}).package as PackageRef
      const server = { ...target({}), package: { ...rest, ...(version !== undefined && { version }) } }
      await expect(programs('docker').programOf(server)).rejects.toMatchObject({ code: 'configuration' })
    },
  )
})

describe('a package from PyPI as a server', () => {
  it('is run by uvx at its exact version', async () => {
    const ref = { registryType: 'pypi', identifier: 'mcp-server-time', version: '2026.1.26' } as const
    expect(await programs().programOf(target(ref, { args: ['--utc'] }))).toEqual({
      command: 'uvx',
      before: ['--no-config', 'mcp-server-time@2026.1.26'],
      args: ['--utc'],
    })
  })

  it.each([['latest'], ['>=1'], ['1.*'], ['--index=x']])('is refused at the version %s', async (version) => {
    const ref = { registryType: 'pypi', identifier: 'mcp-server-time', version } as const
    await expect(programs().programOf(target(ref))).rejects.toMatchObject({ code: 'configuration' })
  })
})
