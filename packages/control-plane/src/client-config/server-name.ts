/** A name as servers have it, out of whatever a client calls one; undefined when nothing of it is left. */
export function serverNameFrom(text: string): string | undefined {
  const name = text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 32)
    .replace(/-+$/, '')
  return name === '' ? undefined : name
}

/** The first of `name`, `name-2`, `name-3`, … that is not taken. */
export function freeServerName(name: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(name)) return name
  for (let number = 2; ; number += 1) {
    const ending = `-${number}`
    const free = `${name.slice(0, 32 - ending.length).replace(/-+$/, '')}${ending}`
    if (!isTaken(free)) return free
  }
}
