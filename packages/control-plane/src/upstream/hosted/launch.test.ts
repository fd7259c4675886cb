import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { GatewayError } from '../../model/error.ts'
import { type HostedSpec, type Launch, type LaunchOptions, prepareLaunch } from './launch.ts'

const folder = mkdtempSync(join(tmpdir(), 'launch-'))
afterAll(() => rmSync(folder, { recursive: true }))

const nodePath = process.execPath

function launch(spec: Partial<HostedSpec>, options: Partial<LaunchOptions> = {}) {
  return prepareLaunch(
    { command: 'node', args: [], env: {}, workingFolder: join(folder, 'work'), label: 'github', ...spec },
    { nodePath, searchPath: folder, ...options },
  )
}

function refusal(spec: Partial<HostedSpec>): GatewayError {
  try {
    launch(spec)
  } catch (error) {
    if (error instanceof GatewayError) return error
  }
  throw new Error('It was not refused.')
}

function makeFile(name: string, mode: number): string {
  const path = join(folder, name)
  writeFileSync(path, '#!/bin/sh\n')
  chmodSync(path, mode)
  return path
}

describe('preparing to start a hosted server', () => {
  it('runs node servers with the Node it was told of', () => {
    expect(launch({ args: ['a b', '$HOME'] })).toMatchObject({ command: nodePath, args: ['a b', '$HOME'] })
  })

  it('finds other commands in the search path only', () => {
    const path = makeFile('uvx', 0o755)
    expect(launch({ command: 'uvx' }).command).toBe(path)
    expect(refusal({ command: 'ls' })).toMatchObject({
      code: 'upstream_unavailable',
      message: '"github" needs the command "ls", which was not found.',
      fix: expect.stringContaining('Install ls'),
    })
  })

  it('ignores entries of the search path that depend on the current folder', () => {
    expect(() => launch({ command: 'package.json' }, { searchPath: '::.' })).toThrow('was not found')
  })

  it.each([
    ['a file that may not be executed', () => makeFile('plain', 0o644)],
    ['a folder', () => folder],
    ['nothing', () => join(folder, 'missing')],
  ])('refuses an absolute command that is %s', (_, path) => {
    expect(refusal({ command: path() })).toMatchObject({
      code: 'upstream_unavailable',
      fix: expect.stringContaining('may execute it'),
    })
  })

  it.each(['', './server', '../server', 'bin/server'])('refuses the relative command "%s"', (command) => {
    expect(refusal({ command })).toMatchObject({ code: 'configuration' })
  })

  it('refuses a null byte without showing the value it is in', () => {
    const error = refusal({ env: { TOKEN: 'hunter2\0' } })
    expect(error.code).toBe('configuration')
    expect(`${error.message} ${error.fix} ${error.cause}`).not.toContain('hunter2')
  })

  it('composes the environment of what it names and nothing else', () => {
    const { env } = launch({ env: { TOKEN: 'secret' } })
    expect(env).toEqual({
      PATH: `${dirname(nodePath)}:${folder}`,
      HOME: join(folder, 'work', 'home'),
      TMPDIR: join(folder, 'work', 'tmp'),
      LANG: 'C.UTF-8',
      TOKEN: 'secret',
    })
  })

  it('makes folders that nobody else may enter', () => {
    const { env, folder: work } = launch({ workingFolder: join(folder, 'private') })
    const paths = [work, env.HOME ?? '', env.TMPDIR ?? '']
    expect(paths.map((path) => (statSync(path).mode & 0o777).toString(8))).toEqual(['700', '700', '700'])
  })

  it('says so when the folders cannot be made', () => {
    const workingFolder = makeFile('in-the-way', 0o644)
    expect(refusal({ workingFolder })).toMatchObject({ code: 'configuration', fix: expect.any(String) })
  })

  it('hands the command it found to the sandbox', () => {
    const contain = ({ command, args, ...rest }: Launch) => ({
      ...rest,
      command: '/sandbox',
      args: ['--', command, ...args],
    })
    expect(launch({ args: ['x'] }, { contain })).toMatchObject({
      command: '/sandbox',
      args: ['--', nodePath, 'x'],
    })
  })
})
