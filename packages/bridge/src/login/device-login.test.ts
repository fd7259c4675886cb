import { expect, it } from 'vitest'
import { deviceAnswer, tokenAnswer } from '../../test/support/login-gateway.ts'
import { TransportError } from '../http/transport-error.ts'
import type { JsonObject } from '../json-object.ts'
import { parseWorkspaceUrl } from '../workspace-url.ts'
import type { Answer } from './authorization-server.ts'
import { type DeviceInvitation, loginByDevice } from './device-login.ts'

const workspace = parseWorkspaceUrl('https://gateway.test/ws/demo')
const granted = (value: JsonObject): Answer => ({ granted: true, value })
const refused = (error: string): Answer => ({ granted: false, refusal: { error, description: undefined } })
const issued = granted(tokenAnswer(workspace.href))
const lost = new TransportError(false, new Error('connection refused'))

/** Logs in at a gateway that gives these answers one after the other; the last one again and again. */
async function logIn(answers: (Answer | Error)[], invitation: JsonObject = {}) {
  const waitsMs: number[] = []
  const shown: DeviceInvitation[] = []
  let nowMs = 0
  const clock = {
    now: () => nowMs,
    async wait(ms: number) {
      waitsMs.push(ms)
      nowMs += ms
    },
  }
  async function post(path: string): Promise<Answer> {
    if (path === '/oauth/device') {
      return granted({ ...deviceAnswer(workspace.origin), interval: 5, ...invitation })
    }
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    if (answer === undefined || answer instanceof Error) throw answer
    return answer
  }
  const server = { origin: workspace.origin, post }
  const outcome = await loginByDevice({
    server,
    workspace,
    deviceName: 'ada on laptop',
    show: (invited) => shown.push(invited),
    clock,
  }).catch((error: unknown) => error)
  return { outcome, waitsMs, shown }
}

it('asks at the interval of the gateway, and five seconds later after each slow_down', async () => {
  const pending = refused('authorization_pending')
  const slow = refused('slow_down')
  const { waitsMs, outcome } = await logIn([pending, slow, pending, slow, pending, issued])
  expect(waitsMs).toEqual([5_000, 5_000, 10_000, 10_000, 15_000, 15_000])
  expect(outcome).toMatchObject({ workspace: { href: workspace.href } })
})

it('asks every five seconds when the gateway names no interval', async () => {
  expect((await logIn([issued], { interval: undefined })).waitsMs).toEqual([5_000])
})

it('goes on, less often, while the gateway is away', async () => {
  const away = refused('temporarily_unavailable')
  const { waitsMs, outcome } = await logIn([lost, lost, away, refused('authorization_pending'), issued])
  expect(waitsMs).toEqual([5_000, 10_000, 15_000, 20_000, 5_000])
  expect(outcome).toMatchObject({ workspace: { href: workspace.href } })
})

it('stops when the code has ended, though nobody says so', async () => {
  const { outcome, waitsMs } = await logIn([refused('authorization_pending')], { expires_in: 30 })
  expect(outcome).toMatchObject({ reason: 'login_needed' })
  expect(waitsMs).toHaveLength(6)
})

it('does not ask a gateway whose certificate is wrong again', async () => {
  const untrusted = new TransportError(
    false,
    Object.assign(new Error(), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
  )
  expect((await logIn([untrusted])).waitsMs).toHaveLength(1)
})

it('shows the code and both addresses', async () => {
  expect((await logIn([issued])).shown).toEqual([
    {
      userCode: 'BCDF-GHJK',
      address: 'https://gateway.test/oauth/device',
      completeAddress: 'https://gateway.test/oauth/device?user_code=BCDF-GHJK',
    },
  ])
})

it.each([
  { interval: 0 },
  { interval: '5' },
  { interval: 1e9 },
  { expires_in: -1 },
  { expires_in: undefined },
  { device_code: '' },
  { user_code: 'A\u001b[2JB' },
  { user_code: 'open https://evil.test' },
])('refuses an answer with %j, and shows nothing of it', async (invitation) => {
  const { outcome, shown, waitsMs } = await logIn([issued], invitation)
  expect(outcome).toMatchObject({ reason: 'not_mcp' })
  expect(shown).toEqual([])
  expect(waitsMs).toEqual([])
})
