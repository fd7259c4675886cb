import { mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { editConfigFile } from './config-file.ts'

const createFile = (text: string | Buffer) => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-file-'))
  const file = join(folder, 'config')
  writeFileSync(file, text)
  return { folder, file }
}
const read = (file: string) => readFileSync(file, 'utf8')

it('keeps what another program writes at the same moment', async () => {
  const { file } = createFile('a')
  let edits = 0
  await editConfigFile(file, {
    now: () => new Date(),
    edit(text) {
      edits += 1
      if (edits === 1) writeFileSync(file, 'b')
      return `${text} ours`
    },
  })
  expect(read(file)).toBe('b ours')
})

it('gives up, and loses nothing, when another program never stops writing', async () => {
  const { file, folder } = createFile('0')
  let edits = 0
  const editing = editConfigFile(file, {
    now: () => new Date(),
    edit(text) {
      edits += 1
      writeFileSync(file, String(edits))
      return `${text} ours`
    },
  })
  await expect(editing).rejects.toThrow('another program keeps writing it')
  expect(read(file)).toBe(String(edits))
  expect(readdirSync(folder)).toEqual(['config'])
})

it('keeps the newest three backups, private and with the bytes of then', async () => {
  const { file, folder } = createFile('0')
  for (const second of [1, 2, 3, 4, 4]) {
    const now = () => new Date(Date.UTC(2026, 10, 22, 10, 15, second))
    await editConfigFile(file, { now, edit: (text) => `${text}+` })
  }
  const backups = readdirSync(folder).filter((name) => name.endsWith('.bak'))
  expect(backups).toEqual(['3', '4', '5'].map((second) => `config.mcpgw-20261122T10150${second}Z.bak`))
  expect(backups.map((name) => read(join(folder, name)))).toEqual(['0++', '0+++', '0++++'])
  expect(backups.map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600])
})

it('leaves alone what is not text, and a link that leads nowhere', async () => {
  const { file, folder } = createFile(Buffer.from('{"a": "\u00e9"}', 'latin1'))
  const link = join(folder, 'link')
  symlinkSync(join(folder, 'gone'), link)
  const options = { now: () => new Date(), edit: () => 'x' }
  await expect(editConfigFile(file, options)).rejects.toThrow('not UTF-8')
  await expect(editConfigFile(link, options)).rejects.toThrow('leads nowhere')
  expect(readdirSync(folder).sort()).toEqual(['config', 'link'])
})
