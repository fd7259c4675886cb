import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { answerJson, answerText, startSmall } from '../resilience/small-upstream.ts'
import { WireClient } from '../resilience/wire-client.ts'

// With what URLs, JSON and shells write differently.
const CANARY = 'cnry_Zq7p"W2xK9+vT4mB8%nR1s\\Y6dF3gH5jL0aC2eU4iO6k/='

/** The canary as programs write it, by itself and with neighbours. */
function formsOf(secret: string): string[] {
  const raw = Buffer.from(secret)
  const among = ['', 'x', 'xy'].map((before) => Buffer.from(`${before}${secret} and more`).toString('base64'))
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    raw.toString('hex'),
    raw.toString('hex').toUpperCase(),
    ...among,
    ...among.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

/** What would be left of a form if only its ends were taken. */
function middleOf(form: string): string {
  return form.slice(10, 40)
}

/** Where in the data folder one of the forms stands, in whatever file. */
function hitsIn(folder: string, forms: string[]): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return files.flatMap(({ parentPath, name }) => {
    const bytes = readFileSync(join(parentPath, name))
    return forms.filter((form) => bytes.includes(form)).map((form) => `${name}: ${form}`)
  })
}

it('[U3] keeps arguments and results where a workspace wants that, and no secret in any form', async () => {
  const forms = formsOf(CANARY)
  await using upstream = await startSmall(['echo', 'fail', 'many'], (call) => {
    if (call.name === 'echo') return answerText(call, JSON.stringify(call.args))
    if (call.name === 'many') return answerText(call, `the token is ${CANARY}, ${forms.join(' and ')}`)
    answerJson(call.response, {
      jsonrpc: '2.0',
      id: call.id,
      error: { code: -32000, message: `bad: ${CANARY}` },
    })
  })
  await using plane = await ControlPlane.start()
  const { slug, url, token } = await plane.workspace('team')
  await plane.addServer(slug, { name: 'up', url: upstream.url, headers: { 'x-key': 'Bearer {{TOKEN}}' } })
  await plane.api('PUT', `/workspaces/${slug}/servers/up/credential`, { values: { TOKEN: CANARY } })
  const client = await WireClient.open(url, token)
  await client.call('up__echo', { before: 'capture' })
  const changed = await plane.api('PATCH', `/workspaces/${slug}`, { audit: { capture: 'on' } })
  expect(changed.audit).toEqual({ capture: 'on', retentionDays: null })

  await client.call('up__echo', {
    query: 'who is ada',
    password: 'open-sesame-77',
    nested: [{ apiKey: 'k-55667788' }],
  })
  for (const form of forms) await client.call('up__echo', { text: `see ${form} there`, [form]: form })
  await client.call('up__many', { list: forms })
  await client.call('up__fail', { text: CANARY }).catch(() => {})
  await client.call('nobody__nothing', { text: CANARY }).catch(() => {})
  await client.call('up__echo', { text: 'x'.repeat(200_000) })

  const { items } = await plane.api('GET', `/workspaces/${slug}/audit?kind=call&limit=100`)
  const rows = (items as { seq: number }[]).sort((one, other) => one.seq - other.seq)
  expect(rows).toHaveLength(forms.length + 6)
  const shown = (place: number) => plane.api('GET', `/workspaces/${slug}/audit/${rows.at(place)?.seq}`)
  expect(await shown(0)).toMatchObject({ content: null, contentDigest: null })
  const first = await shown(1)
  const content = first.content as Record<'arguments' | 'result', { text: string; cut: boolean }>
  expect(JSON.parse(content.arguments.text)).toEqual({
    query: 'who is ada',
    password: '[redacted]',
    nested: [{ apiKey: '[redacted]' }],
  })
  expect(content.result.text).toContain('who is ada')
  expect(content.result.text).not.toMatch(/open-sesame|k-5566/)
  const digested = ['mcpgw-content-1', content.arguments.text, false, content.result.text, false]
  expect(first.contentDigest).toBe(createHash('sha256').update(JSON.stringify(digested)).digest('base64url'))
  expect(await shown(-3)).toMatchObject({ outcome: 'protocol_error', content: { arguments: { cut: false } } })
  expect(await shown(-2)).toMatchObject({ outcome: 'denied', content: { arguments: { cut: false } } })
  expect(await shown(-1)).toMatchObject({ content: { arguments: { cut: true }, result: { cut: true } } })

  // Others read their own rows alone, and of those all.
  const path = `/workspaces/${slug}/audit/${rows[1]?.seq}`
  expect((await plane.tryApi('GET', path, undefined, token)).status).toBe(200)
  expect(
    (await plane.tryApi('GET', path, undefined, await plane.token(slug, { member: 'eve' }))).status,
  ).toBe(404)

  // A token that may not use the server does not learn here what it answered to another of the same member.
  const member = String(first.member)
  for (const [rules, expected] of [
    [{ servers: { deny: ['up'] } }, null],
    [{ readOnlyTools: true }, null],
    [{ servers: { allow: ['up'] } }, content],
  ] as const) {
    const narrow = await plane.token(slug, { member, role: 'developer', rules })
    expect((await plane.tryApi('GET', path, undefined, narrow)).body).toMatchObject({ content: expected })
  }

  const log = await plane.api('GET', `/workspaces/${slug}/audit?kind=management`)
  expect(log.items).toContainEqual(
    expect.objectContaining({ method: 'workspace.update', shownAs: 'capture on', outcome: 'ok' }),
  )
  expect(hitsIn(plane.dataDir, [...forms.map(middleOf), 'open-sesame', 'k-5566'])).toEqual([])
  expect(await plane.api('GET', `/workspaces/${slug}/audit/verify`)).toMatchObject({ ok: true })

  // What is kept is chained as well.
  using database = new DatabaseSync(join(plane.dataDir, 'mcpgw.db'), { timeout: 5_000 })
  database.exec(`update audit_contents set result = 'nothing' where seq = ${rows[1]?.seq}`)
  expect(await plane.api('GET', `/workspaces/${slug}/audit/verify`)).toEqual({
    ok: false,
    firstBadSeq: rows[1]?.seq,
    reason: 'content_changed',
  })
}, 30_000)
