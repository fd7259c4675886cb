/** Shorter texts turn up by chance, and taking them out would spoil answers. */
const MIN_SCRUBBABLE_LENGTH = 8

/** Whether a value is long enough to be told apart from ordinary text. A shorter one stays visible when echoed. */
export function isScrubbable(value: string): boolean {
  return value.length >= MIN_SCRUBBABLE_LENGTH
}

/** The secrets a value holds: itself, the texts inside it when it is JSON, and the secret parts of a URL. */
export function secretsIn(value: string): string[] {
  const secrets = [value, value.trim(), ...jsonTexts(value), ...urlSecrets(value)]
  return [...new Set(secrets)].filter(isScrubbable)
}

function jsonTexts(value: string): string[] {
  // A bare number or word is the value itself.
  if (!/^\s*["[{]/.test(value)) return []
  try {
    return leafTexts(JSON.parse(value))
  } catch {
    return []
  }
}

function leafTexts(node: unknown): string[] {
  if (typeof node === 'string') return [node]
  if (typeof node !== 'object' || node === null) return []
  return Object.values(node).flatMap(leafTexts)
}

function urlSecrets(value: string): string[] {
  const url = URL.parse(value)
  if (url === null) return []
  const written = [url.username, url.password]
  return [...written, ...written.map(percentDecoded), ...url.searchParams.values()]
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Every way in which we expect a secret to be written when it is echoed; each once. */
export function formsOf(secret: string): string[] {
  const raw = Buffer.from(secret)
  const encoded = [
    ...percentForms(raw),
    ...base64Forms(raw),
    raw.toString('hex'),
    raw.toString('hex').toUpperCase(),
  ]
  // An answer is JSON, and the text in it is often JSON again.
  const escapedTwice = SERIALIZERS.flatMap((first) =>
    [first, ...SERIALIZERS.slice(0, 1)].map((second) => second(first(secret))),
  )
  const escaped = [secret, ...encoded].flatMap((form) => SERIALIZERS.map((serialize) => serialize(form)))
  return [...new Set([secret, ...encoded, ...escaped, ...escapedTwice])]
}

type Serializer = (text: string) => string

/** What else a serializer writes as `\uXXXX`, and in which case; `\/` is PHP's. */
interface Habits {
  unicode?: RegExp
  upper?: boolean
  slash?: boolean
}

function serializer({ unicode, upper = false, slash = false }: Habits): Serializer {
  return (text) => {
    let written = JSON.stringify(text).slice(1, -1)
    if (slash) written = written.replaceAll('/', '\\/')
    if (upper) written = written.replaceAll('\\"', '\\u0022')
    return unicode === undefined ? written : written.replace(unicode, (unit) => unicodeEscape(unit, upper))
  }
}

function unicodeEscape(unit: string, upper: boolean): string {
  const digits = unit.charCodeAt(0).toString(16).padStart(4, '0')
  return `\\u${upper ? digits.toUpperCase() : digits}`
}

/** JavaScript, Python, Go, PHP, Gson and .NET, in this order. */
const SERIALIZERS: readonly Serializer[] = [
  serializer({}),
  serializer({ unicode: /[\u007f-\uffff]/g }),
  serializer({ unicode: /[<>&\u2028\u2029]/g }),
  serializer({ unicode: /[\u0080-\uffff]/g, slash: true }),
  serializer({ unicode: /[<>&='\u2028\u2029]/g }),
  serializer({ unicode: /[<>&'`+\u007f-\uffff]/g, upper: true }),
]

/** Escaped sets differ between `encodeURIComponent`, RFC 3986, Python's `quote` and HTML forms; hex digits in case. */
function percentForms(raw: Buffer): string[] {
  const upper = [
    percentEncode(raw, /[A-Za-z0-9\-_.!~*'()]/),
    percentEncode(raw, /[A-Za-z0-9\-_.~]/),
    percentEncode(raw, /[A-Za-z0-9\-_.~/]/),
    percentEncode(raw, /[A-Za-z0-9\-_.*]/).replaceAll('%20', '+'),
  ]
  return upper.flatMap((form) => [form, form.replace(/%../g, (code) => code.toLowerCase())])
}

function percentEncode(raw: Buffer, plain: RegExp): string {
  return Array.from(raw, (byte) => {
    const character = String.fromCharCode(byte)
    return plain.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}

/**
 * A secret encoded along with its neighbours, as in `Basic base64(user:secret)`, has three possible alignments. In
 * each, only the characters that the secret alone determines are looked for.
 */
function base64Forms(raw: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bits = (before + raw.length) * 8
    const start = Math.ceil((before * 8) / 6)
    const padded = Buffer.concat([Buffer.alloc(before), raw])
    return (['base64', 'base64url'] as const).map((encoding) =>
      padded.toString(encoding).slice(start, Math.floor(bits / 6)),
    )
  })
}
