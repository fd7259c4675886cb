import { html } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { ErrorCode, GatewayError } from '../../model/error.ts'
import { type Html, layout } from './layout.ts'
import type { Place } from './place.ts'

const FACES: Partial<Record<ErrorCode, { status: ContentfulStatusCode; title: string }>> = {
  invalid_request: { status: 400, title: 'This request cannot be used' },
  unauthenticated: { status: 403, title: 'This does not open the workspace' },
  forbidden: { status: 403, title: 'This is not allowed' },
  not_found: { status: 404, title: 'This link does not work' },
  conflict: { status: 409, title: 'This was decided already' },
  too_large: { status: 413, title: 'This is too long' },
  too_many: { status: 429, title: 'Too many attempts' },
  unsupported: { status: 400, title: 'This request cannot be used' },
  audit_unavailable: { status: 503, title: 'Not possible right now' },
  unavailable: { status: 503, title: 'Not possible right now' },
}

const BROKEN = { status: 500, title: 'Something went wrong on our side' } as const

/** The one place that knows with what status an error is shown to people. */
export function statusOf(code: ErrorCode): ContentfulStatusCode {
  return (FACES[code] ?? BROKEN).status
}

/** An error as a page: what happened and what to do. */
export function errorPage(place: Place, error: GatewayError): Html {
  return layout(place, {
    title: (FACES[error.code] ?? BROKEN).title,
    lead: error.message,
    ...(error.fix !== undefined && { body: html`<p class="note">${error.fix}</p>` }),
  })
}
