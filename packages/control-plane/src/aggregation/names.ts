import { hash } from 'node:crypto'

/** The strictest limit among the model providers: OpenAI's and most clients' for a function's name. */
export const MAX_NAME_LENGTH = 64
const SEPARATOR = '__'
const HASH_LENGTH = 8
const UNCLEAN = /[^A-Za-z0-9_-]/g

/** A tool or prompt of one server. */
export interface Named {
  server: string
  prefix: 'always' | 'on-collision' | 'never'
  name: string
}

/**
 * The names under which tools are shown: 1 to 64 of `[A-Za-z0-9_-]`, all different, and the same whenever the same
 * servers offer the same tools. A name that must be shortened or cleaned ends in a hash of what it stands for.
 * Where two tools would have one name, the first keeps it and the others get their server's prefix; but a name with a
 * prefix is always that server's: another one could otherwise offer `github__create_issue` without a prefix and be it.
 */
export function showNames(items: readonly Named[]): string[] {
  const bare = new Map<string, number>()
  for (const { prefix, name } of items) {
    if (prefix !== 'always') bare.set(name, (bare.get(name) ?? 0) + 1)
  }
  const wantsPrefix = ({ prefix, name }: Named) =>
    prefix === 'always' || (prefix === 'on-collision' && (bare.get(name) ?? 0) > 1)
  const taken = new Set<string>()
  const shown = new Map<Named, string>()
  function show(item: Named, name: string): void {
    const wished = clean(name, item)
    const given = taken.has(wished) ? untaken(taken, item) : wished
    taken.add(given)
    shown.set(item, given)
  }
  for (const item of items) if (wantsPrefix(item)) show(item, item.server + SEPARATOR + item.name)
  for (const item of items) if (!wantsPrefix(item)) show(item, item.name)
  return items.map((item) => shown.get(item) ?? '')
}

/** Nearly always the first hash will do; but a server may offer a name made to look like another's. */
function untaken(taken: ReadonlySet<string>, item: Named): string {
  for (let attempt = 0; ; attempt++) {
    const shown = hashed(item.server + SEPARATOR + item.name, item, attempt)
    if (!taken.has(shown)) return shown
  }
}

function clean(name: string, item: Named): string {
  const isClean = name.length <= MAX_NAME_LENGTH && name.search(UNCLEAN) === -1
  return isClean ? name : hashed(name, item)
}

function hashed(name: string, { server, name: own }: Named, attempt = 0): string {
  const standsFor = attempt === 0 ? [server, own] : [server, own, attempt]
  const digest = hash('sha256', JSON.stringify(standsFor)).slice(0, HASH_LENGTH)
  return `${name.replace(UNCLEAN, '_').slice(0, MAX_NAME_LENGTH - HASH_LENGTH - 1)}_${digest}`
}
