import type { RemoteTarget } from '../model/server.ts'

/** A remote server behind a program that only makes it look like a local one. */
export interface Bridged {
  url: string
  transport: RemoteTarget['transport']
  headers: Record<string, string>
  deny: string[]
  warnings: string[]
}

export const BRIDGES = ['mcp-remote', 'mcp-proxy', 'supergateway'] as const

type Bridge = (typeof BRIDGES)[number]

const HEADER_FLAGS = ['--header', '--headers', '-H']
/** An address behind one of these is found by itself. */
const SAYS_NOTHING = [
  '--sse',
  '--streamableHttp',
  '--url',
  '--server',
  '--endpoint',
  '--allow-http',
  '--debug',
  '--silent',
  '--enable-proxy',
  '--logLevel',
  '--log-level',
]

/** Unwraps the arguments of a bridge; undefined where they name no address. */
export function unwrapBridge(bridge: Bridge, args: readonly string[]): Bridged | undefined {
  const found: Bridged = { url: '', transport: 'auto', headers: {}, deny: [], warnings: [] }
  const words = args.flatMap(unglued)
  while (words.length > 0) takeWord(bridge, words, found)
  return found.url === '' ? undefined : found
}

/** `--flag=value` is two words. */
function unglued(word: string): string[] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)]
}

function takeWord(bridge: Bridge, words: string[], found: Bridged): void {
  const word = words.shift() ?? ''
  const value = () => words.shift() ?? ''
  if (isAddress(word)) found.url ||= word
  else if (HEADER_FLAGS.includes(word))
    addHeader(found.headers, value(), bridge === 'mcp-proxy' ? value : undefined)
  else if (word === '--oauth2Bearer') found.headers.Authorization = `Bearer ${value()}`
  else if (word === '--transport') found.transport = /^sse/.test(value()) ? 'sse' : 'auto'
  else if (word === '--ignore-tool') found.deny.push(value())
  else if (isOption(word)) found.warnings.push(`Its option "${word}" of ${bridge} is not taken along.`)
}

function isOption(flag: string): boolean {
  return /^--[A-Za-z][A-Za-z-]{0,40}$/.test(flag) && !SAYS_NOTHING.includes(flag)
}

function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text)
}

/** The mcp-proxy of PyPI takes name and value as two words. */
function addHeader(headers: Record<string, string>, text: string, next?: () => string): void {
  const at = text.indexOf(':')
  const [name, value] = at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, next?.() ?? '']
  headers[name.trim()] = value.trim()
}
