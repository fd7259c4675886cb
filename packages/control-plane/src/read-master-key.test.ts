import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openMasterKeyFile } from './master-key-file.ts'
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

describe('a change of the master key that was begun', () => {
  function begin(file = join(dataDir, 'master.key')): string {
    const key = newKey()
    writeFileSync(`${file}.next`, `${key}\n`, { mode: 0o600 })
    return key
  }

  it('gives the next key, and the one before it to open what that has sealed', () => {
    const { key: old } = read()
    const next = begin()
    const { key, older } = read()
    expect(new Uint8Array(key)).toEqual(bytesOf(next))
    expect(older).toEqual([old])
  })

  it('is found beside the file that a link leads to', () => {
    const old = newKey()
    const file = keyFile(old)
    const link = join(dataDir, 'link.key')
    symlinkSync(file, link)
    const next = begin(file)
    const found = read({ MCPGW_MASTER_KEY_FILE: link })
    expect(new Uint8Array(found.key)).toEqual(bytesOf(next))
    found.file?.promoteNext()
    expect(new Uint8Array(read({ MCPGW_MASTER_KEY_FILE: link }).key)).toEqual(bytesOf(next))
    expect(readFileSync(file, 'utf8').trim()).toBe(next)
  })

  it('is none of a replica, whose file is not the only one', () => {
    const old = newKey()
    const file = keyFile(old)
    begin(file)
    const found = read({ MCPGW_MASTER_KEY_FILE: file, MCPGW_DATABASE_URL: 'postgres://h/d' })
    expect(new Uint8Array(found.key)).toEqual(bytesOf(old))
    expect(found.older).toEqual([])
  })

  it('is refused when others may read the next key', () => {
    read()
    begin()
    chmodSync(join(dataDir, 'master.key.next'), 0o644)
    expect(read).toThrow(configuration('Others may'))
  })
})

describe('the previous master key', () => {
  it('is taken from the environment or from a file', () => {
    const previous = newKey()
    const files = { MCPGW_PREVIOUS_MASTER_KEY_FILE: keyFile(previous) }
    for (const env of [{ MCPGW_PREVIOUS_MASTER_KEY: previous }, files])
      expect(read({ MCPGW_MASTER_KEY: newKey(), ...env }).older.map((key) => new Uint8Array(key))).toEqual([
        bytesOf(previous),
      ])
  })

  it('is refused when it is the master key itself', () => {
    const key = newKey()
    expect(() => read({ MCPGW_MASTER_KEY: key, MCPGW_PREVIOUS_MASTER_KEY: key })).toThrow(
      configuration('is the master key itself'),
    )
  })

  it('is judged like the master key', () => {
    expect(() => read({ MCPGW_MASTER_KEY: newKey(), MCPGW_PREVIOUS_MASTER_KEY: 'short' })).toThrow(
      expect.objectContaining({ code: 'configuration' }),
    )
  })
})

describe('a master key file', () => {
  it('can be replaced where it lies in a folder of ours, and this is found out without a trace', () => {
    const file = openMasterKeyFile(keyFile(newKey()))
    expect(file.isReplaceable()).toBe(true)
    expect(readdirSync(dataDir)).toEqual(['given.key'])
  })

  it.skipIf(process.platform !== 'linux')('cannot be replaced where nothing can be put beside it', () => {
    expect(openMasterKeyFile('/proc/version').isReplaceable()).toBe(false)
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

  it('where the database is another file than that of the data folder, and there already', () => {
    const file = join(dataDir, 'elsewhere.db')
    writeFileSync(file, '')
    expect(() => read({ MCPGW_DATABASE_URL: `sqlite:${file}` })).toThrow(configuration('is gone'))
    expect(readdirSync(dataDir)).toEqual(['elsewhere.db'])
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
