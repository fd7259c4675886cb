/**
 * Where to go after signing in: a path of this dashboard and nothing else. `//host`, `/\host` and whatever has a
 * scheme would lead to somebody else's site.
 */
export function safeNext(next: string | undefined): string {
  if (next === undefined || !/^\/(?![/\\])/.test(next)) return '/'
  const resolved = URL.parse(next, location.origin)
  return resolved?.origin === location.origin ? resolved.pathname + resolved.search : '/'
}
