/**
 * Where to go after signing in: a path of this dashboard and nothing else. `//host`, `/\host` and whatever has a
 * scheme would lead to somebody else's site; so would `/.//host`, which is `//host` once its dots are resolved.
 */
export function safeNext(next: string | undefined): string {
  if (next === undefined || !isOwnPath(next)) return '/'
  const resolved = URL.parse(next, location.origin)
  if (resolved?.origin !== location.origin || !isOwnPath(resolved.pathname)) return '/'
  return resolved.pathname + resolved.search
}

function isOwnPath(path: string): boolean {
  return /^\/(?![/\\])/.test(path)
}
