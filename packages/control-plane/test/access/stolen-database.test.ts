import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../src/access/authenticator.ts'
import { mintToken } from '../../src/access/token-format.ts'
import type { TokenStore } from '../../src/model/stores.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import { ControlPlane } from '../control-plane.ts'

let plane: ControlPlane
const issued: string[] = []

beforeAll(async () => {
  plane = await ControlPlane.start()
  await plane.workspace('team')
  for (const role of ['admin', 'developer', 'readonly']) issued.push(await plane.token('team', { role }))
  const invite = await plane.api('POST', '/workspaces/team/invites', { member: 'mia', role: 'developer' })
  issued.push(plane.ownerToken, String(invite.link).split('/').at(-1) ?? '')
})

afterAll(() => plane[Symbol.asyncDispose]())

/** Every value of every table. */
function dump(): string[] {
  using database = new DatabaseSync(join(plane.dataDir, 'mcpgw.db'), { readOnly: true })
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all()
  return tables.flatMap(({ name }) =>
    database
      .prepare(`select * from "${name}"`)
      .all()
      .flatMap((row) => Object.values(row))
      .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value))),
  )
}

describe('whoever has a copy of the database', () => {
  it('[T2] has no token and no invite in it', () => {
    const files = readdirSync(plane.dataDir).filter((name) => name.startsWith('mcpgw.db'))
    const bytes = Buffer.concat(files.map((name) => readFileSync(join(plane.dataDir, name))))
    for (const secret of issued) {
      const forms = [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')]
      for (const form of forms) expect(bytes.indexOf(form)).toBe(-1)
    }
    // What is looked for would be found: names are there as they are.
    expect(bytes.indexOf('tester')).not.toBe(-1)
  })

  it('[T2] gets in with none of its values', async () => {
    const values = new Set(dump())
    expect(values.size).toBeGreaterThan(30)
    for (const value of values) {
      const token = encodeURIComponent(value.slice(0, 1_000))
      const { status } = await plane.tryApi('GET', '/whoami', undefined, token)
      expect([401, 429]).toContain(status)
    }
    expect((await plane.tryApi('GET', '/whoami')).status).toBe(200)
  })
})

describe('a token whose checksum does not fit', () => {
  it('[T1] is refused without a question to the database, 10,000 times', async () => {
    await using storage = await openStorage({
      url: `sqlite:${join(plane.dataDir, 'mcpgw.db')}`,
      clock: { now: () => Date.now() },
    })
    let asked = 0
    const { tokens } = storage
    const counted: TokenStore = {
      ...tokens,
      byHash: (hash) => {
        asked += 1
        return tokens.byHash(hash)
      },
    }
    using authenticator = createAuthenticator({
      tokens: counted,
      bus: storage.bus,
      clock: { now: () => Date.now() },
    })
    for (let count = 0; count < 10_000; count += 1) {
      const token = mintToken({ bytes: randomBytes })
      const bad = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`
      expect(() => authenticator.authenticate(`Bearer ${bad}`)).toThrow('This token is not accepted.')
    }
    expect(asked).toBe(0)
    await authenticator.authenticate(`Bearer ${issued[0]}`)
    expect(asked).toBeGreaterThan(0)
  })
})
