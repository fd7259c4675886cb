/** A header or variable as it is typed: a secret becomes a placeholder, and its value goes into the credential. */
export interface Entry {
  id: number
  name: string
  value: string
  secret: boolean
}

export type Auth = 'none' | 'bearer' | 'header' | 'login' | 'login-by-hand'

export interface RemoteDraft {
  name: string
  url: string
  transport: 'auto' | 'streamable-http' | 'sse'
  auth: Auth
  /** Of `bearer` and `header`. */
  secret: string
  /** Of `header`. */
  header: string
  more: readonly Entry[]
}

export interface HostedDraft {
  name: string
  command: string
  /** One argument per line. */
  args: string
  env: readonly Entry[]
  network: 'default' | 'filtered' | 'open' | 'none'
  /** Values of placeholders that were typed into arguments and variables by hand. */
  values: Readonly<Record<string, string>>
}

export const EMPTY_REMOTE: RemoteDraft = {
  name: '',
  url: '',
  transport: 'auto',
  auth: 'none',
  secret: '',
  header: 'X-Api-Key',
  more: [],
}

export const EMPTY_HOSTED: HostedDraft = {
  name: '',
  command: '',
  args: '',
  env: [],
  network: 'default',
  values: {},
}

/** What the admin API is told: the server, and apart from it the values that nobody sees again. */
export interface NewServer {
  server: Record<string, unknown> & { name: string }
  values: Record<string, string>
}

export function remoteServer({ name, url, transport, auth, secret, header, more }: RemoteDraft): NewServer {
  const taken = new Set<string>()
  const headers: [string, string][] = []
  const values: [string, string][] = []
  const add = (headerName: string, placeholder: string, value: string, prefix = '') => {
    const unique = uniqueName(placeholder, taken)
    headers.push([headerName, `${prefix}{{${unique}}}`])
    values.push([unique, value])
  }
  if (auth === 'bearer') add('Authorization', 'TOKEN', secret.trim(), 'Bearer ')
  if (auth === 'header') add(header.trim(), placeholderFor(header), secret.trim())
  for (const entry of more.filter(isFilled)) {
    if (entry.secret) add(entry.name.trim(), placeholderFor(entry.name), entry.value.trim())
    else headers.push([entry.name.trim(), entry.value.trim()])
  }
  return {
    server: {
      name: name.trim(),
      url: url.trim(),
      transport,
      headers: Object.fromEntries(headers),
      ...(auth === 'login' && { oauth: { client: 'dynamic' } }),
      ...(auth === 'login-by-hand' && { oauth: { client: 'pre-registered' } }),
    },
    values: Object.fromEntries(values),
  }
}

export function hostedServer({ name, command, args, env, network, values: typed }: HostedDraft): NewServer {
  const filled = env.filter(isFilled)
  const secrets = filled.filter(({ secret }) => secret)
  const server = {
    name: name.trim(),
    command: command.trim(),
    args: argumentsOf(args),
    env: Object.fromEntries(
      filled.map((entry) => [
        entry.name.trim(),
        entry.secret ? `{{${placeholderFor(entry.name)}}}` : entry.value,
      ]),
    ),
    ...(network !== 'default' && { network }),
  }
  const asked = Object.entries(typed).filter(
    ([key, value]) => value !== '' && namesNeeded(server).includes(key),
  )
  return {
    server,
    values: Object.fromEntries([
      ...asked,
      ...secrets.map((entry) => [placeholderFor(entry.name), entry.value] as const),
    ]),
  }
}

/** A line each; what stands in it stays as it is, spaces too. Lines without anything are none. */
export function argumentsOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '')
}

function isFilled({ name, value }: Entry): boolean {
  return name.trim() !== '' || value !== ''
}

const PLACEHOLDER = /\{\{([A-Za-z_][A-Za-z0-9_]{0,63})\}\}/g

interface Asking {
  headers?: Record<string, string> | undefined
  args?: readonly string[] | undefined
  env?: Record<string, string> | undefined
  credentialSets?: readonly (readonly string[])[] | undefined
}

/** The names that a server's headers, arguments, variables or its only way to be proved to ask for, each once. */
export function namesNeeded({ headers = {}, args = [], env = {}, credentialSets = [] }: Asking): string[] {
  const texts = [...Object.values(headers), ...args, ...Object.values(env)]
  const placeholders = texts.flatMap((text) => [...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? ''))
  return [...new Set([...placeholders, ...(credentialSets.length === 1 ? (credentialSets[0] ?? []) : [])])]
}

/** Those beside, of which some will do: an API may take one of several credentials. */
export function namesToChooseFrom(server: Asking): string[] {
  const needed = namesNeeded(server)
  return [...new Set(server.credentialSets?.flat())].filter((name) => !needed.includes(name))
}

/** `X-Api-Key` becomes `X_API_KEY`. */
export function placeholderFor(name: string): string {
  const plain = name
    .trim()
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, 60)
  if (plain === '') return 'SECRET'
  return /^\d/.test(plain) ? `_${plain}` : plain
}

function uniqueName(name: string, taken: Set<string>): string {
  let unique = name
  for (let number = 2; taken.has(unique); number += 1) unique = `${name}_${number}`
  taken.add(unique)
  return unique
}

/** `https://mcp.linear.app/sse` is probably called `linear`. */
export function nameFromUrl(url: string): string {
  const host = URL.parse(url)?.hostname ?? ''
  const parts = host.split('.').filter((part) => part !== '' && !GENERIC.has(part))
  const best = /^[\d.:[\]]+$/.test(host) ? '' : (parts.at(-2) ?? parts.at(-1) ?? '')
  return best
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replaceAll(/^-+|-+$/g, '')
}

const GENERIC = new Set(['mcp', 'api', 'www', 'server', 'app'])

export type Place = 'name' | 'url' | 'headers' | 'command' | 'args' | 'env'

const PLACES: readonly [RegExp, Place][] = [
  [/^"name"|server (?:of that name|named|called)|name is taken/i, 'name'],
  [/^"url"|^The host "/, 'url'],
  [/^"headers|^The header "|^A header's name/, 'headers'],
  [/^"command"/, 'command'],
  [/^"args|^An argument /, 'args'],
  [/^"env|^The environment variable "/, 'env'],
]

/** The field that a refusal of the admin API is about, where its words say so. */
export function placeOf(message: string): Place | undefined {
  return PLACES.find(([pattern]) => pattern.test(message))?.[1]
}

/** What is wrong when two of the headers have the same name, which only one of them could keep. */
export function repeatedHeader({ auth, header, more }: RemoteDraft): string | undefined {
  const own = auth === 'bearer' ? ['authorization'] : auth === 'header' ? [header.trim().toLowerCase()] : []
  const names = [...own, ...more.filter(isFilled).map(({ name }) => name.trim().toLowerCase())]
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  return repeated === undefined ? undefined : `The header "${repeated}" is there twice.`
}
