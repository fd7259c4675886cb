import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { filesToOpen } from './program-files.ts'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'program-files-')))
const vault = join(root, 'site/mcpgw-data')
afterAll(() => rmSync(root, { recursive: true }))

function file(path: string): string {
  const whole = join(root, path)
  mkdirSync(dirname(whole), { recursive: true })
  writeFileSync(whole, '')
  return whole
}

function opened(...named: string[]) {
  return filesToOpen('/usr/bin/env', { named }, { folder: vault, files: [] })
}

describe('[M11] what a hosted server may see of the files of the machine', () => {
  it('is the package its program belongs to, and where that finds what it imports', () => {
    file('site/app/package.json')
    file('site/node_modules/dependency/index.js')
    const { readable } = opened(file('site/app/src/server.js'))
    expect(readable).toEqual(
      expect.arrayContaining([join(root, 'site/app'), join(root, 'site/node_modules')]),
    )
    expect(readable).not.toContain(join(root, 'site'))
  })

  it('is the folder of a program without a package', () => {
    expect(opened(file('lone/server.py')).readable).toContain(join(root, 'lone'))
  })

  it('follows links to where packages really are', () => {
    file('store/real/package.json')
    file('store/node_modules/dependency/index.js')
    file('store/real/server.js')
    mkdirSync(join(root, 'linked'))
    symlinkSync(join(root, 'store/real'), join(root, 'linked/package'))
    const { readable } = opened(join(root, 'linked/package/server.js'))
    expect(readable).toEqual(
      expect.arrayContaining([join(root, 'store/real'), join(root, 'store/node_modules')]),
    )
  })

  it('is a folder the owner named, for writing too, also as the value of an option', () => {
    file('notes/one')
    expect(opened(join(root, 'notes')).writable).toEqual([join(root, 'notes')])
    expect(opened(`--root=${join(root, 'notes')}`).writable).toEqual([join(root, 'notes')])
  })

  it('is of a file that it is pointed at nothing but that file', () => {
    const pointedAt = [
      file('keys/kubeconfig'),
      dirname(file('pointed/one')),
      join(root, 'missing'),
      'eu-west',
    ]
    const { readable, writable } = filesToOpen('/usr/bin/env', { pointedAt }, { folder: vault, files: [] })
    expect(readable).toContain(join(root, 'keys/kubeconfig'))
    expect(readable).not.toContain(join(root, 'keys'))
    expect(writable).toEqual([join(root, 'pointed')])
  })

  it.each([
    ['the vault', () => vault],
    ['what is in it', () => dirname(file('site/mcpgw-data/hosted/a/x'))],
    ['a link to it', () => link('to-vault', vault)],
    ['the home of the operator', () => userInfo().homedir],
    ['everything', () => '/'],
    ['devices', () => '/dev'],
    ['sockets of other programs', () => '/run'],
    ['the settings of the machine', () => '/etc'],
    ['processes', () => '/proc'],
    ['a link to processes', () => link('to-proc', '/proc')],
  ])('is never %s', (_, path) => {
    mkdirSync(vault, { recursive: true })
    const never = path()
    expect(opened(never).writable).toEqual([])
    const pointedAt = [never]
    expect(filesToOpen('/usr/bin/env', { pointedAt }, { folder: vault, files: [] }).writable).toEqual([])
  })

  it('is a program in the vault not even when it is named', () => {
    expect(
      opened(file('site/mcpgw-data/master.key')).readable.filter((path) => path.includes('mcpgw-data')),
    ).toEqual([])
    const pointedAt = [file('site/mcpgw-data/master.key')]
    const { readable } = filesToOpen('/usr/bin/env', { pointedAt }, { folder: vault, files: [] })
    expect(readable.filter((path) => path.includes('mcpgw-data'))).toEqual([])
  })

  it('is nothing for what does not exist or is no whole path', () => {
    expect(opened(join(root, 'missing'), 'src', './src', '-c').writable).toEqual([])
  })
})

function link(name: string, target: string): string {
  symlinkSync(target, join(root, name))
  return join(root, name)
}
