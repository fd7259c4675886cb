import type { ZodMiniType } from 'zod/mini'
import { BASE_PATH } from '../base-path.ts'
import { errorFrom, unreachable, unreadable } from './api-error.ts'

export type Query = Record<string, string | number | undefined>

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

interface Options {
  query?: Query
  body?: unknown
  signal?: AbortSignal
}

/** The address of something in the admin API. Parts of the path are escaped: a name from a server may hold anything. */
export function apiUrl(path: readonly string[], query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parameters.set(name, String(value))
  }
  const search = parameters.size === 0 ? '' : `?${parameters}`
  return `${BASE_PATH}/api/v1/${path.map(encodeURIComponent).join('/')}${search}`
}

/** Asks the admin API and reads the answer. Throws `ApiError` for a refusal, silence, or an answer of another shape. */
export async function ask<T>(
  shape: ZodMiniType<T>,
  path: readonly string[],
  options: Options = {},
): Promise<T> {
  return read(shape, await send('GET', path, options))
}

/** Tells the admin API to do something, and reads what it answers. */
export async function tell<T>(
  method: Exclude<Method, 'GET'>,
  shape: ZodMiniType<T>,
  path: readonly string[],
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  return read(shape, await send(method, path, { body, ...(signal && { signal }) }))
}

/** The same where there is no answer to read. */
export async function order(
  method: Exclude<Method, 'GET'>,
  path: readonly string[],
  body?: unknown,
): Promise<void> {
  await send(method, path, { body })
}

async function read<T>(shape: ZodMiniType<T>, response: Response): Promise<T> {
  const answer = shape.safeParse(await response.json().catch(() => undefined))
  if (answer.success) return answer.data
  throw unreadable()
}

async function send(
  method: Method,
  path: readonly string[],
  { query, body, signal }: Options,
): Promise<Response> {
  const response = await fetch(apiUrl(path, query), {
    method,
    credentials: 'same-origin',
    ...(method !== 'GET' && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body ?? {}),
    }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw unreachable()
  })
  if (!response.ok) throw await errorFrom(response)
  return response
}
