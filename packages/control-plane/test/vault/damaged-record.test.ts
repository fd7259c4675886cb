import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startStreamable } from '../resilience/recording-upstream.ts'
import { WireClient } from '../resilience/wire-client.ts'

const TAG_BYTES = 16

/** Ways to damage a stored record: a bit in each part of it, cuts, and tags of lengths that could be guessed. */
const DAMAGES: Record<string, (record: Buffer) => Buffer> = {
  'version-changed': (record) => flipped(record, 0),
  'key-id-changed': (record) => flipped(record, 4),
  'nonce-changed': (record) => flipped(record, 12),
  'text-changed': (record) => flipped(record, 24),
  'tag-changed': (record) => flipped(record, record.length - 1),
  emptied: () => Buffer.alloc(0),
  'cut-in-header': (record) => record.subarray(0, 5),
  'cut-in-text': (record) => record.subarray(0, 25),
  'tag-of-4-bytes': (record) => record.subarray(0, record.length - TAG_BYTES + 4),
  'tag-of-8-bytes': (record) => record.subarray(0, record.length - TAG_BYTES + 8),
  'tag-of-12-bytes': (record) => record.subarray(0, record.length - TAG_BYTES + 12),
  extended: (record) => Buffer.concat([record, Buffer.of(0)]),
}

const flipped = (record: Buffer, at: number) =>
  Buffer.from(record.map((byte, index) => (index === at ? byte ^ 1 : byte)))

it('[V3] sends nothing for a credential whose stored record was damaged, and goes on serving the others', async () => {
  await using upstream = await startStreamable()
  await using plane = await ControlPlane.start()
  const { slug, url, token } = await plane.workspace('team')
  const names = ['whole', ...Object.keys(DAMAGES)]
  for (const name of names) {
    const headers = { Authorization: 'Bearer {{TOKEN}}' }
    await plane.api('POST', `/workspaces/${slug}/servers`, { name, url: upstream.url, headers })
    const path = `/workspaces/${slug}/servers/${name}`
    await plane.api('PUT', `${path}/credential`, { values: { TOKEN: `secret-of-${name}` } })
    await plane.api('POST', `${path}/check`)
  }
  const client = await WireClient.open(url, token)
  for (const name of names) expect(await client.call(`${name}__whoami`)).toContain('seen')

  await plane.kill()
  damage(plane.dataDir)
  upstream.arrivals.length = 0
  await plane.start()
  for (const name of Object.keys(DAMAGES)) {
    await expect(client.call(`${name}__whoami`), name).rejects.toThrow(/cannot be opened/)
  }
  expect(await client.call('whole__whoami')).toContain('seen')
  // Not even a greeting went out for the others.
  expect(new Set(upstream.arrivals.map(({ authorization }) => authorization))).toEqual(
    new Set(['Bearer secret-of-whole']),
  )
  // A new value mends it.
  await plane.api('PUT', `/workspaces/${slug}/servers/emptied/credential`, { values: { TOKEN: 'a-new-one' } })
  await plane.api('POST', `/workspaces/${slug}/servers/emptied/check`)
  expect(await client.call('emptied__whoami')).toContain('seen')
})

function damage(dataDir: string): void {
  using database = new DatabaseSync(join(dataDir, 'mcpgw.db'), { timeout: 5_000 })
  const read = database.prepare(
    'select id, sealed from credentials join servers on servers.id = server_id where name = ?',
  )
  const write = database.prepare('update credentials set sealed = ? where server_id = ?')
  for (const [name, change] of Object.entries(DAMAGES)) {
    const row = read.get(name)
    // A column of bytes, as the migrations say.
    const damaged = change(Buffer.from(row?.sealed as Uint8Array))
    expect(write.run(damaged, String(row?.id)).changes).toBe(1)
  }
}
