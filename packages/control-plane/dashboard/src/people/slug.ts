const MOST = 40

/** What a name becomes in the URL: 1 to 40 of a-z, 0-9 and "-", neither beginning nor ending with "-". */
export function slugOf(name: string, without = 'main'): string {
  const slug = name
    // An accent is a mark of its own then, and falls away with everything else that is no letter of a URL.
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, MOST)
    .replace(/-+$/, '')
  return slug === '' ? without : slug
}

export function isSlug(text: string): boolean {
  return text.length <= MOST && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(text)
}
