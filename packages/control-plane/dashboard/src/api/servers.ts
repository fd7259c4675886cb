import { order, tell } from './request.ts'
import {
  apiReadingShape,
  approvedShape,
  begunLoginShape,
  credentialShape,
  importedShape,
  serverJsonReadingShape,
  serverShape,
} from './shapes.ts'

// What people do with servers. Each throws `ApiError` where the control plane refuses.

const path = (slug: string, ...rest: string[]) => ['workspaces', slug, 'servers', ...rest]

export function createServer(slug: string, server: Record<string, unknown>) {
  return tell('POST', serverShape, path(slug), server)
}

export interface ImportRequest {
  text: string
  dryRun?: boolean
  choose?: readonly string[]
  versions?: Readonly<Record<string, string>>
}

/** What a client's configuration becomes here; without `dryRun` it does. */
export function importServers(slug: string, request: ImportRequest) {
  return tell('POST', importedShape, path(slug, 'import'), request)
}

/** Reads an OpenAPI document; nothing is kept of it. */
export function previewApi(slug: string, openapi: string) {
  return tell('POST', apiReadingShape, path(slug, 'openapi-preview'), { openapi })
}

/** The ways that a `server.json` gives to have its server; nothing is kept of it. */
export function previewServerJson(slug: string, serverJson: unknown) {
  return tell('POST', serverJsonReadingShape, path(slug, 'server-json-preview'), { serverJson })
}

export function changeServer(slug: string, name: string, change: Record<string, unknown>) {
  return tell('PATCH', serverShape, path(slug, name), change)
}

export function removeServer(slug: string, name: string) {
  return order('DELETE', path(slug, name))
}

/** Connects, lists, and says what is wrong. */
export function checkServer(slug: string, name: string) {
  return tell('POST', serverShape, path(slug, name, 'check'))
}

/** Begins a login; `client` is one that was registered by hand. */
export function startLogin(slug: string, name: string, client: Record<string, string>) {
  return tell('POST', begunLoginShape, path(slug, name, 'login'), client)
}

/** Replaces all of the earlier values. */
export function putCredential(slug: string, name: string, values: Record<string, string>) {
  return tell('PUT', credentialShape, path(slug, name, 'credential'), { values })
}

export function removeCredential(slug: string, name: string) {
  return order('DELETE', path(slug, name, 'credential'))
}

export function approvePins(slug: string, name: string, all: readonly { tool: string; hash: string }[]) {
  return tell('POST', approvedShape, path(slug, name, 'pins', 'approve'), { all })
}

/** Takes over the catalog's newer version; what it has stays, and what is new comes along. */
export function updateServer(slug: string, name: string, values: Record<string, string>) {
  return tell('POST', serverShape, path(slug, name, 'update'), { values })
}
