import * as oauth from 'oauth4webapi'

/** Asks an address that others named: the guard of outgoing requests stands behind it. */
export type Fetch = (
  url: string,
  request?: { method?: string; headers?: Record<string, string>; body?: string; withoutBody?: boolean },
) => Promise<Response>

/** Options with which `oauth4webapi` sends everything through the guard. Plain http is judged before, in `discover`. */
export function outbound(fetch: Fetch): {
  [oauth.customFetch]: (
    url: string,
    options: oauth.CustomFetchOptions<string, URLSearchParams | string | undefined>,
  ) => Promise<Response>
  [oauth.allowInsecureRequests]: true
} {
  return {
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: (url, { method, headers, body }) =>
      fetch(url, { method, headers, ...(body !== undefined && { body: String(body) }) }),
  }
}
