import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { nodeFlags, packageBin } from './package-bin.ts'

const folder = mkdtempSync(join(tmpdir(), 'package-bin-'))
afterAll(() => rmSync(folder, { recursive: true }))

function install(name: string, bin: unknown): void {
  write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', bin }))
}

function write(path: string, text: string): string {
  const whole = join(folder, path)
  mkdirSync(dirname(whole), { recursive: true })
  writeFileSync(whole, text)
  return whole
}

describe('the program of an npm package', () => {
  it('is its only one, however that is called, and runs on our Node', () => {
    install('@team/server-one', { 'mcp-one': './dist/cli.js' })
    const file = write('node_modules/@team/server-one/dist/cli.js', '#!/usr/bin/env node\n')
    expect(packageBin(folder, '@team/server-one', ['--stdio'])).toEqual({
      command: 'node',
      before: [file],
      args: ['--stdio'],
    })
  })

  it('is the one that is named like the package', () => {
    install('@team/two', { other: 'other.js', two: 'two.js' })
    expect(packageBin(folder, '@team/two', ['other']).before).toEqual([
      join(folder, 'node_modules/@team/two/two.js'),
    ])
  })

  it('is the same under several names', () => {
    install('alias', { one: 'cli.js', two: './cli.js' })
    expect(packageBin(folder, 'alias', ['two']).args).toEqual(['two'])
  })

  it('is the one that the first argument names, when none is named like the package', () => {
    install('many', { server: 'server.js', tool: 'tool.js' })
    expect(packageBin(folder, 'many', ['server', 'start'])).toMatchObject({
      before: [join(folder, 'node_modules/many/server.js')],
      args: ['start'],
    })
    expect(() => packageBin(folder, 'many', ['start'])).toThrow(/has several programs.*server, tool/)
  })

  it('is the one named mcp, when nothing else tells', () => {
    install('usual', { 'mcp-http': 'http.js', mcp: 'mcp.js' })
    expect(packageBin(folder, 'usual', ['start'])).toMatchObject({
      before: [join(folder, 'node_modules/usual/mcp.js')],
      args: ['start'],
    })
    expect(packageBin(folder, 'usual', ['mcp-http']).args).toEqual([])
  })

  it('is started by itself when it is not for Node', () => {
    install('native', { native: 'bin/native' })
    const file = write('node_modules/native/bin/native', '\u007fELF')
    expect(packageBin(folder, 'native', ['a'])).toEqual({ command: file, before: [], args: ['a'] })
  })

  it('is never outside of the package', () => {
    install('outside', { outside: '../../../../bin/sh' })
    expect(() => packageBin(folder, 'outside', [])).toThrow(/no program to start/)
  })

  it('is missing where there is none, and that is said', () => {
    install('library', undefined)
    expect(() => packageBin(folder, 'library', [])).toThrow(/"library" has no program to start/)
  })
})

it.each([
  ['#!/usr/bin/env node', []],
  [
    '#!/usr/bin/env -S node --no-warnings --experimental-vm-modules',
    ['--no-warnings', '--experimental-vm-modules'],
  ],
  ['#!/usr/bin/node', []],
  ['#!/usr/bin/env node\r', []],
  ['// no first line of that kind', []],
  ['#!/usr/bin/env python3', undefined],
  ['#!/bin/sh', undefined],
])('a script that begins with "%s" says how it wants Node', (line, flags) => {
  expect(nodeFlags(write('script.js', `${line}\n`))).toEqual(flags)
})
