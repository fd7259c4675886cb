import { BridgeError } from './bridge-error.ts'

/** A workspace's address in the one spelling used as key everywhere: origin and path, no trailing slash. */
export interface WorkspaceUrl {
  readonly href: string
  readonly origin: string
  readonly path: string
  readonly slug: string
}

const example = 'A workspace URL looks like https://gateway.example.com/ws/my-team'

/** Refuses whatever a token must not be sent to: other schemes, plain http beyond this machine, embedded logins. */
export function parseWorkspaceUrl(text: string): WorkspaceUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new BridgeError('usage', `"${text}" is not a workspace URL.`, { fix: `${example}.` })
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new BridgeError('usage', 'A workspace URL carries no login, query or fragment.', {
      fix: `${example}.`,
    })
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new BridgeError('usage', `A token is never sent over plain http to ${url.host}.`, {
      fix: `Use https://${url.host}${url.pathname}.`,
    })
  }
  const path = url.pathname.replace(/\/+$/, '')
  const slug = /\/ws\/([^/]+)$/.exec(path)?.[1]
  if (slug === undefined) {
    throw new BridgeError('usage', `${url.href} names no workspace.`, { fix: `${example}.` })
  }
  return { href: url.origin + path, origin: url.origin, path, slug }
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
