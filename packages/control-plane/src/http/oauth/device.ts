import type { Context } from 'hono'
import { z } from 'zod'
import {
  beginDeviceLogin,
  type DeviceLoginDescription,
  decideDeviceLogin,
  describeDeviceLogin,
} from '../../manage/logins.ts'
import { asGatewayError } from '../../model/error.ts'
import { statusOf } from '../pages/error-page.ts'
import { placeOf } from '../pages/place.ts'
import { type ApprovalState, approvalFields, type Mistake, mendable, NO_PROOF } from './approval-form.ts'
import { clientAddress, clientNetwork } from './client-address.ts'
import { decidedPage, deviceLoginPage, userCodePage } from './device-pages.ts'
import { CHECK_PATH, DECIDE_PATH, DEVICE_PATH, type Door } from './door.ts'
import { NO_STORE } from './oauth-error.ts'
import { formLimit, readForm, readQuery } from './read-fields.ts'
import { requireClient, required, requireTarget } from './required.ts'
import { deviceNameOf, shownText } from './shown-text.ts'

const beginSchema = z.object({
  client_id: z.string().exactOptional(),
  resource: z.string().exactOptional(),
  device_name: z.string().exactOptional(),
})
const userCode = z.string().max(100)
const codeSchema = z.object({ user_code: userCode.exactOptional() })
const decideSchema = z.object({ user_code: userCode, ...approvalFields })

/** Login of a device without a browser (RFC 8628): it asks for a code, and a person types that in elsewhere. */
export function addDevice(door: Door): void {
  door.app.post(DEVICE_PATH, formLimit, (c) => begin(door, c))
  door.app.get(DEVICE_PATH, (c) => {
    // Looks nothing up: a link with a code in it must not be a way to try codes.
    const { user_code = '' } = readQuery(c, codeSchema)
    return c.html(userCodePage(placeOf(door.publicUrl, c), { typed: shownText(user_code) }))
  })
  door.app.post(CHECK_PATH, formLimit, (c) => check(door, c))
  door.app.post(DECIDE_PATH, formLimit, (c) => decide(door, c))
}

async function begin({ manage, publicUrl, addresses }: Door, c: Context): Promise<Response> {
  const place = placeOf(publicUrl, c)
  const request = await readForm(c, beginSchema)
  requireClient(request.client_id)
  const workspace = requireTarget(place, required('resource', request.resource))
  const address = clientAddress(addresses, c)
  const deviceName = deviceNameOf(request.device_name)
  const begun = await beginDeviceLogin(manage, { workspace, deviceName, address })
  const page = `${place.origin}${DEVICE_PATH}`
  const answer = {
    device_code: begun.deviceCode,
    user_code: begun.userCode,
    verification_uri: page,
    verification_uri_complete: `${page}?user_code=${begun.userCode}`,
    expires_in: begun.expiresInS,
    interval: begun.intervalS,
  }
  return c.json(answer, 200, NO_STORE)
}

async function check(door: Door, c: Context): Promise<Response> {
  const { user_code } = await readForm(c, codeSchema)
  if (user_code === undefined) return askAgain(door, c, '', NO_CODE)
  return withLogin(door, c, user_code, (login) => show(door, c, user_code, login, {}))
}

async function decide(door: Door, c: Context): Promise<Response> {
  const { user_code, ...decision } = await readForm(c, decideSchema)
  return withLogin(door, c, user_code, (login) => settle(door, c, user_code, login, decision))
}

type Decision = Omit<z.output<typeof decideSchema>, 'user_code'>

async function settle(
  door: Door,
  c: Context,
  userCode: string,
  login: DeviceLoginDescription,
  { decision, proof, role }: Decision,
): Promise<Response> {
  const { manage, limits, publicUrl, addresses } = door
  const place = placeOf(publicUrl, c)
  if (decision === 'cancel') {
    await decideDeviceLogin(manage, { userCode, approve: false })
    return c.html(decidedPage(place, login, 'refused'))
  }
  const state = role === undefined ? {} : { role }
  if (proof === undefined) return show(door, c, userCode, login, { ...state, wrong: NO_PROOF })
  try {
    await limits.proofs.attempt(clientNetwork(addresses, c), () =>
      decideDeviceLogin(manage, { userCode, approve: true, proof, ...state }),
    )
  } catch (error) {
    return show(door, c, userCode, login, { ...state, wrong: mendable(error) })
  }
  return c.html(decidedPage(place, login, 'approved'))
}

/** Goes on with the login behind a code, or asks for the code again. Wrong codes are counted. */
async function withLogin(
  door: Door,
  c: Context,
  userCode: string,
  goOn: (login: DeviceLoginDescription) => Response | Promise<Response>,
): Promise<Response> {
  const { manage, limits, addresses } = door
  const describe = () => describeDeviceLogin(manage, { userCode })
  const fromHere = () => limits.userCodes.attempt(clientNetwork(addresses, c), describe)
  try {
    return await goOn(await limits.allUserCodes.attempt('everywhere', fromHere))
  } catch (thrown) {
    const error = asGatewayError(thrown)
    if (error.code === 'not_found') return askAgain(door, c, userCode, WRONG_CODE)
    if (error.code === 'too_many') return askAgain(door, c, userCode, error)
    throw error
  }
}

const NO_CODE: Mistake = { code: 'invalid_request', message: 'Type the code that the device shows.' }

const WRONG_CODE: Mistake = {
  code: 'not_found',
  message: 'No device waits with this code.',
  fix: 'Compare it with what the device shows. A code is good for 10 minutes and for one decision: after that, start the login on the device again.',
}

function askAgain({ publicUrl }: Door, c: Context, typed: string, wrong: Mistake) {
  const page = userCodePage(placeOf(publicUrl, c), { typed: shownText(typed), wrong })
  return c.html(page, statusOf(wrong.code))
}

function show(door: Door, c: Context, userCode: string, login: DeviceLoginDescription, state: ApprovalState) {
  const now = door.manage.clock.now()
  const page = deviceLoginPage(
    placeOf(door.publicUrl, c),
    { userCode: readable(userCode), login, now },
    state,
  )
  return c.html(page, state.wrong === undefined ? 200 : statusOf(state.wrong.code))
}

/** A code as the device shows it, however it was typed. */
function readable(userCode: string): string {
  const letters = userCode.toUpperCase().replace(/[^A-Z]/g, '')
  return `${letters.slice(0, 4)}-${letters.slice(4, 8)}`
}
