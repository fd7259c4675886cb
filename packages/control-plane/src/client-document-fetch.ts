import { CLIENT_DOCUMENT_LIMITS } from './manage/login-clients.ts'
import { GatewayError } from './model/error.ts'
import { checkJsonLimits, type JsonLimits } from './protocol/json.ts'
import type { AddressGuard } from './upstream/address-guard.ts'
import { createGuardedFetch } from './upstream/guarded-fetch.ts'

/** Gets what a program says of itself at its own address, from nowhere that servers could not be at. */
export function createClientDocumentFetch(
  guard: AddressGuard,
  json: JsonLimits,
): (url: string) => Promise<unknown> {
  const fetch = createGuardedFetch(guard, CLIENT_DOCUMENT_LIMITS)
  return async (url) => {
    await guard.checkUrl(url)
    const answer = await fetch(url, { headers: { accept: 'application/json' } })
    const { host } = new URL(url)
    if (answer.status !== 200) {
      throw new GatewayError(
        'upstream_refused',
        `${host} answered ${answer.status} when asked about the program.`,
      )
    }
    const bytes = Buffer.from(await answer.arrayBuffer())
    checkJsonLimits(bytes, json)
    try {
      return JSON.parse(bytes.toString())
    } catch (cause) {
      throw new GatewayError('upstream_invalid', `What ${host} says of the program is not JSON.`, { cause })
    }
  }
}
