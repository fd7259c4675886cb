import { hash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

export type Encoding = 'br' | 'gzip' | 'identity'

/** A file of the built dashboard, in memory. */
export interface BuiltFile {
  contentType: string
  /** Of the content as it is; an encoding has one of its own. */
  etag: string
  /** How it can be sent, best first. */
  encodings: Encoding[]
  /** The bytes in that encoding. Compressed when they are asked for first, and kept. */
  bytes(encoding: Encoding): Promise<Uint8Array<ArrayBuffer>>
}

/**
 * Everything in the folder by its path in URLs, such as `/assets/index-1a2b.js`, read once: no request ever reaches
 * the file system. Source maps stay where they are. Undefined where the dashboard is not built.
 */
export function readBuiltFiles(folder: string): ReadonlyMap<string, BuiltFile> | undefined {
  if (!existsSync(join(folder, INDEX))) return undefined
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    // A link leads who knows where.
    .filter((entry) => entry.isFile() && extname(entry.name) !== '.map')
    .map((entry) => join(entry.parentPath, entry.name))
  return new Map(
    files.map((path) => [
      `/${relative(folder, path).split(sep).join('/')}`,
      builtFile(readFileSync(path), extname(path)),
    ]),
  )
}

const INDEX = 'index.html'

export function builtFile(content: Uint8Array, extension: string): BuiltFile {
  const plain = new Uint8Array(content)
  const [contentType, isText] = TYPES[extension] ?? ['application/octet-stream', false]
  const compressed = new Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>()

  function bytes(encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
    const known = compressed.get(encoding)
    if (known !== undefined) return known
    const made = encode(plain, encoding)
    compressed.set(encoding, made)
    return made
  }

  return {
    contentType,
    etag: hash('sha256', plain, 'base64url'),
    encodings: isText && plain.byteLength >= WORTH_IT_BYTES ? ['br', 'gzip', 'identity'] : ['identity'],
    bytes,
  }
}

/** Smaller ones fit in a packet as they are. */
const WORTH_IT_BYTES = 1_000

async function encode(plain: Uint8Array<ArrayBuffer>, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  if (encoding === 'identity') return plain
  if (encoding === 'gzip') return new Uint8Array(await promisify(gzip)(plain, { level: 9 }))
  // 9 of 11: the last two take ten times as long for three per cent.
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: plain.byteLength }
  return new Uint8Array(await promisify(brotliCompress)(plain, { params }))
}

/** What Vite builds; whether compressing helps. */
const TYPES: Record<string, [contentType: string, isText: boolean]> = {
  '.css': ['text/css; charset=utf-8', true],
  '.gif': ['image/gif', false],
  '.html': ['text/html; charset=utf-8', true],
  '.ico': ['image/x-icon', true],
  '.jpg': ['image/jpeg', false],
  '.js': ['text/javascript; charset=utf-8', true],
  '.json': ['application/json', true],
  '.mjs': ['text/javascript; charset=utf-8', true],
  '.png': ['image/png', false],
  '.svg': ['image/svg+xml', true],
  '.txt': ['text/plain; charset=utf-8', true],
  '.wasm': ['application/wasm', true],
  '.webmanifest': ['application/manifest+json', true],
  '.webp': ['image/webp', false],
  '.woff': ['font/woff', false],
  '.woff2': ['font/woff2', false],
}
