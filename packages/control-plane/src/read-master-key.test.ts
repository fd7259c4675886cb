import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readMasterKey } from './read-master-key.ts'
import { readSettings } from './settings.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'mcpgw-key-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const random = { bytes: (count: number) => new Uint8Array(randomBytes(count)) }
const newKey = () => randomBytes(32).toString('base64')
const bytesOf = (key: string) => new Uint8Array(Buffer.from(key, 'base64'))

function read(env: Record<string, string> = {}) {
  const { settings, secrets } = readSettings({}, { MCPGW_DATA_DIR: dataDir, ...env })
  return readMasterKey(settings, secrets, random)
}

function keyFile(text: string, mode = 0o600): string {
  const file = join(dataDir, 'given.key')
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

const configuration = (message: string) =>
  expect.objectContaining({
    code: 'configuration',
    message: expect.stringContaining(message),
    fix: expect.any(String),
  })

describe('the master key', () => {
  it('is made at the first start, for its owner alone, and is the same at the next', () => {
    const first = read()
    const file = join(dataDir, 'master.key')
    expect(first.madeFile).toBe(file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(new Uint8Array(first.key)).toEqual(bytesOf(readFileSync(file, 'utf8')))
    const second = read()
    expect(second.key).toEqual(first.key)
    expect(second.madeFile).toBeUndefined()
  })

  it('is taken from the environment, and then no file is made', () => {
    const key = newKey()
    expect(new Uint8Array(read({ MCPGW_MASTER_KEY: key }).key)).toEqual(bytesOf(key))
    expect(readdirSync(dataDir)).toEqual([])
  })

  it('is taken from a file, also with a line end behind it', () => {
    const key = newKey()
    expect(new Uint8Array(read({ MCPGW_MASTER_KEY_FILE: keyFile(`${key}\n`) }).key)).toEqual(bytesOf(key))
  })

  it('comes from the environment rather than from a file, and from a named file rather than from the folder', () => {
    read()
    const [inVariable, inFile] = [newKey(), newKey()]
    const env = { MCPGW_MASTER_KEY_FILE: keyFile(inFile) }
    expect(new Uint8Array(read({ ...env, MCPGW_MASTER_KEY: inVariable }).key)).toEqual(bytesOf(inVariable))
    expect(new Uint8Array(read(env).key)).toEqual(bytesOf(inFile))
  })
})

describe('no master key is made', () => {
  it('where the data folder has a database: the old one is asked for', () => {
    writeFileSync(join(dataDir, 'mcpgw.db'), '')
    expect(read).toThrow(configuration('is gone'))
    expect(existsSync(join(dataDir, 'master.key'))).toBe(false)
  })

  it.each(['postgres://h/d', 'postgresql://h/d'])('for %s, whose replicas all need the same one', (url) => {
    expect(() => read({ MCPGW_DATABASE_URL: url })).toThrow(configuration('every replica needs the same one'))
    expect(readdirSync(dataDir)).toEqual([])
  })

  it('in place of one that was given and is not there', () => {
    expect(() => read({ MCPGW_MASTER_KEY_FILE: join(dataDir, 'none.key') })).toThrow(
      configuration('cannot be read'),
    )
    expect(readdirSync(dataDir)).toEqual([])
  })
})

describe('a master key is refused', () => {
  it.each([0o644, 0o640, 0o604, 0o666])('from a file of mode %o, which others may read', (mode) => {
    expect(() => read({ MCPGW_MASTER_KEY_FILE: keyFile(newKey(), mode) })).toThrow(
      configuration('Others may'),
    )
  })

  it('from the folder’s own file as well when others may read it', () => {
    read()
    chmodSync(join(dataDir, 'master.key'), 0o644)
    expect(read).toThrow(configuration('Others may'))
  })

  it.each(['short', randomBytes(31).toString('base64'), randomBytes(33).toString('base64'), 'x'.repeat(44)])(
    'that is none, without being repeated: %#',
    (key) => {
      for (const env of [{ MCPGW_MASTER_KEY: key }, { MCPGW_MASTER_KEY_FILE: keyFile(key) }]) {
        const refusal = thrownBy(() => read(env))
        expect(refusal).toEqual(expect.objectContaining({ code: 'configuration' }))
        expect(`${refusal?.message} ${refusal?.stack}`).not.toContain(key)
      }
    },
  )

  it('that an empty file holds', () => {
    expect(() => read({ MCPGW_MASTER_KEY_FILE: keyFile('') })).toThrow(
      expect.objectContaining({ code: 'configuration' }),
    )
  })
})

function thrownBy(action: () => unknown): Error | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return error as Error
  }
}
