/** A malformed way to present a token: whole header lines, and what is added to the URL. */
export interface Malformed {
  what: string
  lines: string[]
  query?: string
}

/**
 * Ways in which a token is not presented as `Authorization: Bearer TOKEN`, each with a good token where it has one.
 * Spaces behind the value are not among them: HTTP takes them off before anybody sees it.
 */
export function malformedAuthorizations(good: string): Malformed[] {
  const swapped = `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`
  const value = (text: string): Malformed => ({ what: text.slice(0, 40), lines: [`Authorization: ${text}`] })
  return [
    { what: 'nothing', lines: [] },
    value(''),
    value('Bearer'),
    value('Bearer '),
    value(`Bearer  ${good}`),
    value(`Bearer\t${good}`),
    value(`Bearer \t${good}`),
    { what: 'twice the same', lines: [`Authorization: Bearer ${good}`, `Authorization: Bearer ${good}`] },
    { what: 'a bad and a good one', lines: ['Authorization: Bearer x', `Authorization: Bearer ${good}`] },
    { what: 'a good and a bad one', lines: [`Authorization: Bearer ${good}`, 'Authorization: Bearer x'] },
    { what: 'a good and an empty one', lines: [`Authorization: Bearer ${good}`, 'authorization:'] },
    value(`Bearer ${good}, Bearer ${good}`),
    value(`Bearer ${good},`),
    value(`Bearer ${good};`),
    value(`Bearer ${good} ${good}`),
    value(`Bearer a ${good}`),
    value(`Bearer ${good} b`),
    value(`bearer ${swapped}`),
    value(`BEARER ${good.toUpperCase()}`),
    value(`Bearer ${good.slice(0, -1)}`),
    value(`Bearer ${good}0`),
    value(`Bearer ${good.replace('mcpgw_', 'mcpgv_')}`),
    value(`Basic ${Buffer.from(`user:${good}`).toString('base64')}`),
    value(`Basic ${good}`),
    value(`Digest ${good}`),
    value(`Token ${good}`),
    value(good),
    value(`Bearer=${good}`),
    value(`Bearer:${good}`),
    value(`Bearer%20${good}`),
    value(`"Bearer ${good}"`),
    value(`Bearer "${good}"`),
    value(`Bearer <${good}>`),
    value('Bearer null'),
    value('Bearer undefined'),
    value('Bearer [object Object]'),
    value('Bearer true'),
    value('Bearer *'),
    value("Bearer ' OR '1'='1"),
    value('Bearer ../../owner'),
    { what: 'a NUL behind it', lines: [`Authorization: Bearer ${good}\0`] },
    { what: 'a NUL in front', lines: [`Authorization: Bearer \0${good}`] },
    { what: 'letters of other scripts', lines: [`Authorization: Bearer mcpgw_${'\u00e9'.repeat(46)}`] },
    { what: '8 kB', lines: [`Authorization: Bearer ${'x'.repeat(8_000)}`] },
    { what: '1 MB', lines: [`Authorization: Bearer ${good}${' '.repeat(1_000_000)}x`] },
    { what: 'another header', lines: [`X-Authorization: Bearer ${good}`] },
    { what: 'an API key', lines: [`X-Api-Key: ${good}`] },
    { what: "a proxy's header", lines: [`Proxy-Authorization: Bearer ${good}`] },
    { what: 'a cookie', lines: [`Cookie: token=${good}; Authorization=Bearer ${good}; session=${good}`] },
    { what: '?token=', lines: [], query: `token=${good}` },
    { what: '?access_token=', lines: [], query: `access_token=${good}` },
    { what: '?Authorization=', lines: [], query: `Authorization=Bearer%20${good}` },
  ]
}
