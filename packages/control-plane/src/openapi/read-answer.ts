import { STATUS_CODES } from 'node:http'
import { isRawNumber, type JsonLimits, parseJson } from '../protocol/json.ts'
import { isObject, type Json } from './json.ts'

export interface ApiAnswer {
  status: number
  /** Of the header, if there was one. */
  contentType: string
  /** Without the values of the credential. */
  body: Buffer
}

/** What a model can read of an error; the rest of an error page is of no use to it. */
const MAX_ERROR_CHARACTERS = 16 * 1024

/**
 * An API's answer as the result of a tool: JSON objects structured and as text, text and images as what they are,
 * anything else by its size. From status 300 on it is a tool's error.
 */
export function readAnswer(answer: ApiAnswer, hasShape: boolean, limits: JsonLimits): Json {
  if (answer.status >= 300) return { content: [{ type: 'text', text: errorText(answer) }], isError: true }
  const { content, structured } = readContent(answer, limits)
  if (structured !== undefined) return { content, structuredContent: structured }
  // A tool that has told of a shape must answer in it: an empty object fits, and the text says what there is.
  return hasShape ? { content, structuredContent: {} } : { content }
}

interface Content {
  content: Json[]
  structured?: Json
}

function readContent({ status, contentType, body }: ApiAnswer, limits: JsonLimits): Content {
  if (body.length === 0) return textContent(`HTTP ${status} ${STATUS_CODES[status] ?? ''}`.trim())
  const type = mediaType(contentType)
  if (isJson(type)) return jsonContent(decoded(contentType, body), limits)
  const media = /^(image|audio)\/[a-z0-9.-]+$/.exec(type)
  if (media !== null) {
    return { content: [{ type: media[1], data: body.toString('base64'), mimeType: type }] }
  }
  if (isText(type)) return textContent(decoded(contentType, body))
  const named = /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'an unknown type'
  return textContent(`The API answered ${body.length} bytes of ${named}, which are not shown.`)
}

function textContent(text: string): Content {
  return { content: [{ type: 'text', text }] }
}

function jsonContent(text: string, limits: JsonLimits): Content {
  try {
    const value = parseJson(text, limits)
    // Written again: on one line, and with every number as it was.
    const content = textContent(JSON.stringify(value))
    return isObject(value) && !isRawNumber(value) ? { ...content, structured: value } : content
  } catch {
    // No JSON after all, or more of it than is parsed: it is still a text.
    return textContent(text)
  }
}

function errorText({ status, contentType, body }: ApiAnswer): string {
  const type = mediaType(contentType)
  const said = isJson(type) || isText(type) ? decoded(contentType, body).trim() : ''
  const head = `The API answered HTTP ${status} ${STATUS_CODES[status] ?? ''}`.trim()
  const hint =
    HINTS[status] ?? (status < 400 ? 'It redirects to another address, which is not followed.' : '')
  const text = said.length > MAX_ERROR_CHARACTERS ? `${said.slice(0, MAX_ERROR_CHARACTERS)}… (cut)` : said
  return [`${head}.`, hint, text].filter((part) => part !== '').join('\n')
}

const HINTS: Record<number, string> = {
  401: 'It did not accept the credential: an admin of the workspace can set another one for this server.',
  403: 'The credential does not allow this there.',
  429: 'It wants to be asked less often: wait before trying again.',
}

function mediaType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase()
}

function isJson(type: string): boolean {
  return /^(?:application|text)\/(?:[\w.-]+\+)?json$/.test(type)
}

function isText(type: string): boolean {
  return (
    type.startsWith('text/') ||
    /^application\/(?:xml|yaml|javascript|x-ndjson|jsonl|x-www-form-urlencoded|graphql)$/.test(type) ||
    /\+(?:xml|yaml)$/.test(type)
  )
}

function decoded(contentType: string, body: Buffer): string {
  const label = /charset="?([\w-]+)"?/i.exec(contentType)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(label).decode(body)
  } catch {
    return new TextDecoder().decode(body)
  }
}
