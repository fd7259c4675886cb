// What a server sends is shown only where it can do nothing else than be seen or heard.

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const IMAGES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
const SOUNDS = new Set([
  'audio/wav',
  'audio/x-wav',
  'audio/wave',
  'audio/mpeg',
  'audio/mp3',
  'audio/mp4',
  'audio/aac',
  'audio/ogg',
  'audio/webm',
  'audio/flac',
])

/** The image as a `data:` URL; undefined for kinds that can hold more than an image, such as SVG. */
export function imageUrl(type: unknown, data: unknown): string | undefined {
  return dataUrl(IMAGES, type, data)
}

export function soundUrl(type: unknown, data: unknown): string | undefined {
  return dataUrl(SOUNDS, type, data)
}

function dataUrl(known: ReadonlySet<string>, type: unknown, data: unknown): string | undefined {
  if (typeof type !== 'string' || typeof data !== 'string') return undefined
  const kind = type.split(';')[0]?.trim().toLowerCase() ?? ''
  return known.has(kind) && BASE64.test(data) ? `data:${kind};base64,${data}` : undefined
}

/** An address that a browser may open; undefined for `javascript:`, `data:`, `file:` and whatever else there is. */
export function webAddress(uri: unknown): string | undefined {
  if (typeof uri !== 'string') return undefined
  const url = URL.parse(uri)
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? url.href : undefined
}

/** How many bytes a base64 text stands for. */
export function sizeOfBase64(data: string): number {
  return Math.floor((data.replace(/=+$/, '').length * 3) / 4)
}

const DIGITS = /\d{16}/

/** A text that is JSON, written so that it can be read. Undefined where that would change it. */
export function prettyJson(text: string): string | undefined {
  // A number with more digits than JavaScript keeps would be shown as another.
  if (!/^\s*[[{]/.test(text) || DIGITS.test(text)) return undefined
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return undefined
  }
}
