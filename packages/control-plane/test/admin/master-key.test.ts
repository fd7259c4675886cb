import { existsSync, readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMasterKeyKeeper } from '../../src/master-key-keeper.ts'
import { openVault } from '../../src/vault/vault.ts'
import { type Installation, openInstallation } from './installation.ts'

const random = { bytes: () => new Uint8Array() }

function openWith({ storage, manage }: Installation, masterKey: Uint8Array) {
  return openVault({ ...storage, masterKey, clock: manage.clock, random: manage.random })
}

async function addCredential({ ask }: Installation): Promise<void> {
  await ask('admin', 'POST', '/workspaces/acme/servers', { name: 'notes', url: 'https://mcp.example.com/' })
  await ask('admin', 'PUT', '/workspaces/acme/servers/notes/credential', { values: { A: 'a-long-secret' } })
}

describe('the master key', () => {
  it('is changed by an owner, who is told to back up the new one, and the old one opens nothing any more', async () => {
    await using gateway = await openInstallation()
    const { keyFile, ask } = gateway
    await addCredential(gateway)
    const before = (await ask('owner', 'GET', '/master-key')).body
    expect(before).toMatchObject({ source: 'file', file: keyFile.path, unfinished: false, olderKeys: 0 })
    const oldKey = keyFile.read()
    const rotated = await ask('owner', 'POST', '/master-key/rotate')
    expect(rotated.body).toMatchObject({ wrapped: 3, file: keyFile.path })
    expect(rotated.body.advice).toMatch(/Back up the new master key .* older backups/)
    expect((await ask('owner', 'GET', '/master-key')).body).toEqual({ ...before, keyId: rotated.body.keyId })
    expect(rotated.body.keyId).not.toBe(before.keyId)
    expect(keyFile.read()).not.toEqual(oldKey)
    expect(statSync(keyFile.path).mode & 0o777).toBe(0o600)
    expect(existsSync(`${keyFile.path}.next`)).toBe(false)
    await expect(openWith(gateway, oldKey)).rejects.toMatchObject({ code: 'configuration' })
    ;(await openWith(gateway, keyFile.read()))[Symbol.dispose]()
  })

  it('appears in no answer and not in the log, which says who changed it and which key came', async () => {
    await using gateway = await openInstallation()
    const { keyFile, ask } = gateway
    const keys = [readFileSync(keyFile.path, 'utf8').trim()]
    const { text, body } = await ask('owner', 'POST', '/master-key/rotate')
    keys.push(readFileSync(keyFile.path, 'utf8').trim())
    const log = await ask('owner', 'GET', '/audit')
    expect(log.body.items[0]).toMatchObject({ member: 'olga', outcome: 'ok', tool: body.keyId })
    const shown = text + log.text + (await ask('owner', 'GET', '/master-key')).text
    for (const key of keys) {
      expect(shown).not.toContain(key)
      expect(shown).not.toContain(Buffer.from(key, 'base64').toString('hex').slice(0, 16))
    }
  })

  it('is changed once when two ask at the same time', async () => {
    await using gateway = await openInstallation()
    const [one, other] = await Promise.all(
      [1, 2].map(() => gateway.ask('owner', 'POST', '/master-key/rotate')),
    )
    expect(one?.body.keyId).toBe(other?.body.keyId)
  })

  it('[V6] is changed to the key that was begun with, not to a third one, when the first attempt failed', async () => {
    await using gateway = await openInstallation()
    const { keyFile, storage, ask } = gateway
    await addCredential(gateway)
    const { replace } = storage.keys
    let replaced = 0
    storage.keys.replace = async (name, wrapped) => {
      if (replaced === 1) throw new Error('the disk is full')
      replaced += 1
      await replace(name, wrapped)
    }
    expect((await ask('owner', 'POST', '/master-key/rotate')).status).toBe(500)
    const begun = keyFile.readNext()
    expect((await ask('owner', 'GET', '/master-key')).body).toMatchObject({ unfinished: true, olderKeys: 2 })
    storage.keys.replace = replace
    expect((await ask('owner', 'POST', '/master-key/rotate')).body).toMatchObject({ wrapped: 2 })
    expect(keyFile.read()).toEqual(begun)
    expect((await ask('owner', 'GET', '/master-key')).body).toMatchObject({ unfinished: false, olderKeys: 0 })
  })

  it('that is given by the environment is not changed from here; it says what does', async () => {
    await using gateway = await openInstallation()
    const { vault } = gateway
    gateway.manage.masterKey = createMasterKeyKeeper({ vault, file: undefined, isReplicated: false, random })
    const refused = await gateway.ask('owner', 'POST', '/master-key/rotate')
    expect(refused).toMatchObject({ status: 501, body: { code: 'unsupported' } })
    expect(refused.body.fix).toMatch(/MCPGW_MASTER_KEY and the old one as MCPGW_PREVIOUS_MASTER_KEY/)
    const { body } = await gateway.ask('owner', 'GET', '/master-key')
    expect(body).toMatchObject({ source: 'environment' })
    expect(body).not.toHaveProperty('file')
  })

  it('in a file that cannot be replaced is not changed, and nothing is sealed with another', async () => {
    await using gateway = await openInstallation()
    const { vault, keyFile } = gateway
    const file = { ...keyFile, isReplaceable: () => false }
    gateway.manage.masterKey = createMasterKeyKeeper({ vault, file, isReplicated: false, random })
    const refused = await gateway.ask('owner', 'POST', '/master-key/rotate')
    expect(refused).toMatchObject({ status: 501, body: { detail: expect.stringContaining(keyFile.path) } })
    expect(existsSync(`${keyFile.path}.next`)).toBe(false)
  })
})
