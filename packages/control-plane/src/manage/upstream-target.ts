import { GatewayError } from '../model/error.ts'
import { fitsHeader } from '../model/header-text.ts'
import { fillPlaceholders, placeholdersIn } from '../model/placeholder.ts'
import { looksLikeSecret } from '../model/secret-look.ts'
import type { HostedTarget, OpenApiTarget, RemoteTarget, Server } from '../model/server.ts'
import type { HostedServerInput, PackageServerInput, RemoteServerInput } from './server-input.ts'

/** Where a new remote server is; throws `invalid_request` for an address or header we would not send. */
export function remoteTarget({ url, transport, headers, oauth }: RemoteServerInput): RemoteTarget {
  if (oauth !== undefined) requireNoAuthorization(headers)
  const place = { url: requireUrl(url), transport, headers: requireHeaders(headers) }
  return { kind: 'remote', ...place, ...(oauth !== undefined && { oauth }) }
}

/** The access token of the login goes there. */
function requireNoAuthorization(headers: Record<string, string>): void {
  if (!Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) return
  throw invalid(
    'A server that one logs in to cannot have the header "Authorization" as well.',
    'Leave out one of the two.',
  )
}

/** Where a new API is; throws `invalid_request` for an address or header we would not send. */
export function openApiTarget(
  url: string,
  headers: Record<string, string>,
  credentials: string[][],
): OpenApiTarget {
  const href = requireUrl(url)
  if (new URL(href).search !== '') throw invalid('"url" is a base address and must not hold a query.')
  return { kind: 'openapi', url: href, headers: requireHeaders(headers), credentials }
}

/** How a new hosted server is started; throws `invalid_request` for a secret typed in plainly. */
export function hostedTarget({ command, args, env, network }: HostedServerInput): HostedTarget {
  if (command.includes('{{')) throw invalid('"command" cannot hold a placeholder.')
  for (const argument of args) requireNoSecretArgument(argument)
  for (const name of Object.keys(env)) requireHarmlessVariable(name)
  for (const [name, value] of Object.entries(env)) requireNoSecret('environment variable', name, value)
  return { kind: 'hosted', command, args, env, ...(network !== undefined && { network }) }
}

/** The program with which packages of each registry are usually run. */
const RUNTIMES = { npm: 'npx', pypi: 'uvx', oci: 'docker' } as const

/** How a new server is started from a package; throws `invalid_request` for a secret typed in plainly. */
export function packageTarget({ package: ref, args, env, ...rest }: PackageServerInput): HostedTarget {
  const network = rest.network === undefined ? {} : { network: rest.network }
  const target = hostedTarget({ ...rest, command: RUNTIMES[ref.registryType], args, env, ...network })
  return { ...target, package: ref }
}

/** Throws `invalid_request` for a target of somebody else's making that would be refused if it were typed in. */
export function requireUsable(target: Server['target']): void {
  if (target.kind === 'hosted') {
    for (const name of Object.keys(target.env)) requireHarmlessVariable(name)
    return
  }
  requireUrl(target.url)
  for (const name of Object.keys(target.headers)) requireHeaderName(name)
}

/** What makes a program run other code than its command names. Values come from credentials too, which admins set. */
const LOADS_CODE =
  /^(?:NODE_OPTIONS|NODE_PATH|NODE_REPL_EXTERNAL_MODULE|LD_.*|DYLD_.*|GCONV_PATH|BASH_ENV|BASH_FUNC_.*|IFS|SHELLOPTS|PS4|PROMPT_COMMAND|PATH|SHELL|EDITOR|VISUAL|PAGER|BROWSER|npm_config_.*|GIT_(?:SSH|EXEC_PATH|ASKPASS|PROXY_COMMAND|EDITOR|SEQUENCE_EDITOR|PAGER|EXTERNAL_DIFF|TEMPLATE_DIR|SSH_.*|CONFIG.*)|SSH_ASKPASS|PYTHON(?:PATH|HOME|STARTUP|INSPECT|WARNINGS|USERBASE)|PERL5(?:LIB|OPT|DB)|PERLLIB|RUBY(?:LIB|OPT)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|LUA_INIT.*)$/i

function requireHarmlessVariable(name: string): void {
  if (!LOADS_CODE.test(name)) return
  throw invalid(
    `The environment variable "${name}" can make a program run other code, and cannot be set.`,
    'Give the program what it should do as arguments.',
  )
}

/** Throws `invalid_request` for a credential whose value would end or garble a header it is meant for; never quotes one. */
export function requireHeaderValues(target: Server['target'], values: Record<string, string>): void {
  if (target.kind === 'hosted') return
  for (const [header, text] of Object.entries(target.headers)) {
    const name = placeholdersIn(text).find((name) => !fitsHeader(values[name] ?? ''))
    if (name === undefined) continue
    throw invalid(
      `The value of ${name} holds characters that the header "${header}" cannot carry, such as a line break.`,
      'Paste it again, without line breaks and with plain letters only.',
    )
  }
}

/** Throws `invalid_request` for an address that holds a secret, or is none of the web. */
export function requireUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) {
    throw invalid('"url" is not a URL.', 'Give the whole address, such as https://mcp.example.com/mcp.')
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw invalid('"url" must begin with https:// or http://.')
  if (url.username !== '' || url.password !== '') {
    throw invalid('"url" must not hold a user name or password.', SEND_AS_HEADER)
  }
  if (url.hash !== '' || text.includes('#'))
    throw invalid('"url" must not hold a fragment (the part after "#").')
  if (text.includes('{{')) throw invalid('"url" cannot hold a placeholder.', SEND_AS_HEADER)
  requireNoSecretInQuery(url)
  return url.href
}

const SEND_AS_HEADER =
  'Send the secret in a header, such as "Authorization": "Bearer {{TOKEN}}", and set TOKEN in the server\'s credential.'

function requireNoSecretInQuery(url: URL): void {
  for (const [name, value] of url.searchParams) {
    if (!looksLikeSecret(name, value)) continue
    throw invalid(
      '"url" seems to hold a secret in its query, where it would be stored and shown in plain text.',
      SEND_AS_HEADER,
    )
  }
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/
/** What RFC 9110 lets a value hold, without the bytes whose meaning depends on whom one asks. */
const HEADER_VALUE = /^[\t\u0020-\u007e]*$/

/** Headers that belong to the connection or to MCP itself: the gateway writes them. */
const OUR_HEADERS = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'last-event-id',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function requireHeaders(headers: Record<string, string>): Record<string, string> {
  const seen = new Set<string>()
  for (const [name, value] of Object.entries(headers)) {
    requireHeaderName(name)
    if (seen.has(name.toLowerCase())) throw invalid(`The header "${name}" is there twice.`)
    seen.add(name.toLowerCase())
    if (!HEADER_VALUE.test(value)) {
      throw invalid(`The header "${name}" must be one line of printable ASCII characters.`)
    }
    requireNoSecret('header', name, value)
  }
  return headers
}

function requireHeaderName(name: string): void {
  if (!HEADER_NAME.test(name)) throw invalid('A header\'s name must be 1 to 128 letters, digits or "-".')
  const lower = name.toLowerCase()
  if (OUR_HEADERS.has(lower) || /^mcp(?:gw)?-/.test(lower)) {
    throw invalid(`The header "${name}" is written by the gateway itself and cannot be set.`)
  }
}

/** Judges `--api-key=abc` by its name, and anything by its value. */
function requireNoSecretArgument(argument: string): void {
  requirePlaceholders('An argument', argument)
  const [name = '', ...value] = argument.split('=')
  if (!looksLikeSecret('', argument) && !(value.length > 0 && looksLikeSecret(name, value.join('=')))) return
  throw invalid(
    'An argument seems to hold a secret in plain text.',
    "Use {{TOKEN}} in its place, and set TOKEN in the server's credential.",
  )
}

function requireNoSecret(kind: string, name: string, value: string): void {
  requirePlaceholders(`The ${kind} "${name}"`, value)
  if (!looksLikeSecret(name, value)) return
  throw invalid(
    `The ${kind} "${name}" seems to hold a secret in plain text.`,
    {
      header:
        'Use {{TOKEN}} in its place, as in "Bearer {{TOKEN}}", and set TOKEN in the server\'s credential.',
    }[kind] ?? `Use {{${name}}} in its place, and set ${name} in the server's credential.`,
  )
}

/** `{{ TOKEN }}` or `{{TOKEN-1}}` would go out as it stands, and nobody means that. */
function requirePlaceholders(place: string, text: string): void {
  const names = placeholdersIn(text)
  const rest = fillPlaceholders(text, new Map(names.map((name) => [name, ''])))
  if (!rest.includes('{{')) return
  throw invalid(
    `${place} holds "{{" that begins no placeholder.`,
    'Write {{NAME}}, with letters, digits and "_".',
  )
}

function invalid(message: string, fix?: string): GatewayError {
  return new GatewayError('invalid_request', message, fix === undefined ? {} : { fix })
}
