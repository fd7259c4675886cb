import type { FetchJson } from './catalog/sub-registry.ts'
import { GatewayError } from './model/error.ts'
import { checkJsonLimits, type JsonLimits } from './protocol/json.ts'
import type { AddressGuard } from './upstream/address-guard.ts'
import { describeConnectionError, openHttpPool } from './upstream/http-client.ts'

// A page of a hundred descriptions has some 300 kB.
const MAX_PAGE_BYTES = 4 * 1024 * 1024
const PAGE_WITHIN_MS = 15_000

/** Gets JSON documents of registries, from nowhere that servers could not be at. Redirects are not followed. */
export function createRegistryFetch(guard: AddressGuard, json: JsonLimits): FetchJson {
  return async (url) => {
    await guard.checkUrl(url.href)
    const pool = openHttpPool(url.origin, guard, 1)
    try {
      const { statusCode, body } = await pool.request({
        method: 'GET',
        path: url.pathname + url.search,
        headers: { accept: 'application/json' },
        signal: AbortSignal.timeout(PAGE_WITHIN_MS),
      })
      if (statusCode !== 200) throw refused(url, statusCode)
      const bytes = await readAll(body)
      checkJsonLimits(bytes, json)
      return JSON.parse(bytes.toString()) as unknown
    } catch (error) {
      throw describeFailure(error, url)
    } finally {
      await pool.destroy()
    }
  }
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > MAX_PAGE_BYTES)
      throw new GatewayError('too_large', 'A page of the registry is larger than 4 MiB.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function refused({ host }: URL, status: number): GatewayError {
  return new GatewayError('upstream_refused', `${host} answered ${status} instead of its list.`, {
    fix: 'Check the address of the registry. It is asked without a login, and redirects are not followed.',
  })
}

function describeFailure(error: unknown, { host }: URL): GatewayError {
  if (error instanceof SyntaxError)
    return new GatewayError('upstream_invalid', `What ${host} answered is not JSON.`, { cause: error })
  if (error instanceof Error && error.name === 'TimeoutError')
    return new GatewayError('upstream_timeout', `${host} did not answer within 15 seconds.`, { cause: error })
  return describeConnectionError(error instanceof Error ? error : new Error(String(error)), host)
}
