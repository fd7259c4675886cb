import { GatewayError } from '../model/error.ts'
import type { OpenApiTarget } from '../model/server.ts'
import { MAX_DOCUMENT_BYTES } from '../openapi/limits.ts'
import { type ApiPlan, valueNames } from '../openapi/plan.ts'
import type { Manage } from './context.ts'
import type { OpenApiServerInput } from './server-input.ts'
import { openApiTarget } from './upstream-target.ts'

/** Where an API is, and what is kept of its description: the chosen operations. Throws `invalid_request`. */
export async function apiPlace(
  manage: Manage,
  { openapi, url, operations, headers }: OpenApiServerInput,
): Promise<{ target: OpenApiTarget; plan: string }> {
  const { plan, urls, leftOut } = await manage.readApi(documentText(openapi), operations)
  if (plan === undefined || plan.operations.length === 0) throw nothingChosen(leftOut.length)
  const address = url ?? urls[0]
  if (address === undefined) {
    throw new GatewayError('invalid_request', 'The document does not say where the API is.', {
      fix: 'Give its base address as "url", such as https://api.example.com/v1.',
    })
  }
  const target = openApiTarget(address, headers, credentialSets(plan))
  await manage.guardUrl(target.url)
  return { target, plan: JSON.stringify(plan) }
}

/** The text of a document, whichever way it came. Throws `too_large`. */
export function documentText(openapi: string | Record<string, unknown>): string {
  const text = typeof openapi === 'string' ? openapi : JSON.stringify(openapi)
  if (Buffer.byteLength(text) <= MAX_DOCUMENT_BYTES) return text
  throw new GatewayError('too_large', 'The document is larger than 4 MiB.', {
    fix: 'Cut it to the part of the API that you need.',
  })
}

/** Each set of values that is enough for some operation; what most of them take comes first. */
function credentialSets({ operations }: ApiPlan): string[][] {
  const counts = new Map<string, { set: string[]; operations: number }>()
  for (const way of operations.flatMap(({ security }) => security)) {
    const set = valueNames(way)
    if (set.length === 0) continue
    const known = counts.get(set.join()) ?? { set, operations: 0 }
    counts.set(set.join(), { set, operations: known.operations + 1 })
  }
  return [...counts.values()]
    .toSorted((one, other) => other.operations - one.operations)
    .map(({ set }) => set)
}

function nothingChosen(leftOut: number): GatewayError {
  const others = leftOut === 0 ? '' : ` ${leftOut} of its operations cannot become tools.`
  return new GatewayError('invalid_request', `"operations" chooses none of the document.${others}`, {
    fix: 'See what there is with POST …/servers/openapi-preview, and choose with "include", such as [{"method": "GET"}].',
  })
}
