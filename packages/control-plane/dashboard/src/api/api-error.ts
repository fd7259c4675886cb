import { object, optional, string } from 'zod/mini'

const problemShape = object({ code: string(), detail: string(), fix: optional(string()) })

/** What the admin API refused or could not do, in its own words (RFC 9457). */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly fix: string | undefined

  constructor(status: number, code: string, detail: string, fix?: string) {
    super(detail)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.fix = fix
  }
}

export async function errorFrom(response: Response): Promise<ApiError> {
  const problem = problemShape.safeParse(await response.json().catch(() => undefined))
  if (problem.success) {
    const { code, detail, fix } = problem.data
    return new ApiError(response.status, code, detail, fix)
  }
  return new ApiError(
    response.status,
    'internal',
    `The control plane answered with status ${response.status}.`,
  )
}

export function unreachable(): ApiError {
  return new ApiError(
    0,
    'unreachable',
    'The control plane does not answer.',
    'Check that it runs and that this computer reaches it. This page tries again by itself.',
  )
}

/** An answer that is not what this page expects: it was loaded before the control plane was updated. */
export function unreadable(): ApiError {
  return new ApiError(
    0,
    'unreadable',
    'The answer is not one that this page understands.',
    'Reload the page: the control plane may have been updated since it was opened.',
  )
}
