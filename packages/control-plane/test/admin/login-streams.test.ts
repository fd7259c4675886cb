import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { type OpenStream, openStream } from '../resilience/open-stream.ts'
import { runProgram } from '../resilience/run-program.ts'
import { WireClient } from '../resilience/wire-client.ts'
import { logInDevice } from './device-login.ts'

const SLUG = 'team'
const TOKENS = `/workspaces/${SLUG}/tokens`

let plane: ControlPlane

beforeAll(async () => {
  plane = await ControlPlane.start()
  await plane.workspace(SLUG)
})
afterAll(() => plane[Symbol.asyncDispose]())

async function issue(): Promise<{ id: string; token: string }> {
  const answer = await plane.api('POST', TOKENS, { name: 'first', member: 'ada', role: 'admin' })
  return { id: String(answer.id), token: String(answer.token) }
}

const logIn = (proof: string, role = 'admin') =>
  logInDevice({ deviceAt: plane, personAt: plane, workspace: SLUG, proof, role })

/** Everything a token can hold open without a server: a stream of messages, and the log. */
async function openStreams(token: string): Promise<OpenStream[]> {
  const url = `${plane.url}/ws/${SLUG}`
  const { headers } = await WireClient.open(url, token)
  return [
    await openStream(url, { headers: { ...headers, accept: 'text/event-stream' } }),
    await openStream(`${plane.url}/api/v1/workspaces/${SLUG}/audit/tail`, {
      headers: { authorization: `Bearer ${token}` },
    }),
  ]
}

async function expectClosedSoon(streams: OpenStream[], since: number): Promise<void> {
  for (const { closed } of streams) expect((await closed) - since).toBeLessThan(1_000)
}

describe('[T5] the streams of a device that somebody let in', () => {
  it.each(['revoked', 'rotated'])(
    'end at once when their token is %s, also those of whom it let in',
    async (how) => {
      const { id, token } = await issue()
      const child = await logIn(token)
      const grandchild = await logIn(child)
      const stranger = await logIn((await issue()).token)
      const ended = [...(await openStreams(child)), ...(await openStreams(grandchild))]
      const kept = await openStreams(stranger)
      for (const { status } of [...ended, ...kept]) expect(status).toBe(200)

      if (how === 'revoked') await plane.api('DELETE', `${TOKENS}/${id}`)
      else await plane.api('POST', `${TOKENS}/${id}/rotate`)
      await expectClosedSoon(ended, performance.now())
      for (const each of [child, grandchild])
        expect((await plane.tryApi('GET', '/whoami', undefined, each)).status).toBe(401)
      expect((await plane.tryApi('GET', '/whoami', undefined, stranger)).status).toBe(200)
      const goesOn = Symbol()
      for (const { closed } of kept) expect(await Promise.race([closed, goesOn])).toBe(goesOn)
    },
  )
})

describe('an invite link', () => {
  const args = ['invite', 'create', SLUG, '--member', 'mia', '--role', 'readonly', '--json', '--data-dir']

  it('leads to the gateway that runs, also when a command on the same machine makes it', async () => {
    const { link } = await plane.api('POST', `/workspaces/${SLUG}/invites`, {
      member: 'mia',
      role: 'readonly',
    })
    expect(link).toMatch(new RegExp(`^${plane.url}/invite/[\\w-]{43}$`))
    const made = await runProgram([...args, plane.dataDir])
    expect(JSON.parse(made.stdout).link).toMatch(new RegExp(`^${plane.url}/invite/[\\w-]{43}$`))
  })

  it('leads to the public address where there is one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mcpgw-test-'))
    const env = { MCPGW_PUBLIC_URL: 'https://gateway.example/', HOME: folder }
    await runProgram(['workspace', 'create', SLUG, '--data-dir', folder], env)
    const made = await runProgram([...args, folder], env)
    await rm(folder, { recursive: true, force: true })
    expect(JSON.parse(made.stdout).link).toMatch(/^https:\/\/gateway\.example\/invite\/[\w-]{43}$/)
  })
})
