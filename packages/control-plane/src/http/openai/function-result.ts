import type { ToolCallAnswer, ToolCallError } from '../../model/tool-caller.ts'
import { canonicalJson } from '../../protocol/canonical-json.ts'
import { type JsonLimits, parseJson } from '../../protocol/json.ts'
import { describeInput } from './describe-input.ts'
import type { FunctionCall } from './formats/format.ts'

/** What became of one call, in no API's words yet. */
export interface FunctionResult {
  call: FunctionCall
  isError: boolean
  /** In the order of the server's; never empty. */
  parts: ResultPart[]
  /** What the server gave as data, beside what is in the parts. */
  structured: unknown
}

export type ResultPart =
  | { kind: 'text'; text: string }
  | { kind: 'image'; mimeType: string; data: string }
  | { kind: 'file'; mimeType: string; data: string; name: string }

export function dataUrl({ mimeType, data }: { mimeType: string; data: string }): string {
  return `data:${mimeType};base64,${data}`
}

type Json = Record<string, unknown>

/** Reads a call's answer into what a model can be told. */
export function functionResult(
  call: FunctionCall,
  { result, error, inputRequired }: Omit<ToolCallAnswer, 'row'>,
  limits: JsonLimits,
): FunctionResult {
  if (error !== undefined) return failed(call, textOf(error))
  if (inputRequired !== undefined)
    return { ...failed(call, describeInput(call, inputRequired)), isError: false }
  const { content, structuredContent, isError } = result ?? {}
  const parts = Array.isArray(content) ? content.map(partOf) : []
  const isSaid = structuredContent === undefined || saysAlready(parts, structuredContent, limits)
  const all = isSaid ? parts : [...parts, text(JSON.stringify(structuredContent))]
  return {
    call,
    isError: isError === true,
    parts: all.length > 0 ? all : [text('The tool answered without any content.')],
    structured: structuredContent,
  }
}

function failed(call: FunctionCall, message: string): FunctionResult {
  return { call, isError: true, parts: [text(message)], structured: undefined }
}

function textOf({ message, fix, data }: ToolCallError): string {
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`
  const told = fix === undefined ? message : `${sentence} ${fix}`
  return data === undefined ? told : `${told} ${JSON.stringify(data)}`
}

function text(value: string): ResultPart {
  return { kind: 'text', text: value }
}

/** Servers are to give structured content as text too, for clients that do not know it. */
function saysAlready(parts: readonly ResultPart[], structured: unknown, limits: JsonLimits): boolean {
  const wanted = canonicalJson(structured)
  return parts.some((part) => part.kind === 'text' && canonicalText(part.text, limits) === wanted)
}

function canonicalText(json: string, limits: JsonLimits): string | undefined {
  try {
    return canonicalJson(parseJson(json, limits))
  } catch {
    // Prose, or more than may be parsed.
    return undefined
  }
}

/** What the model providers take as images. */
const IMAGES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

function partOf(block: unknown): ResultPart {
  const { type, text: said, data, mimeType, resource } = (block ?? {}) as Json
  if (type === 'text' && typeof said === 'string') return text(said)
  if (type === 'image' || type === 'audio') return mediaPart(String(type), mimeType, data)
  if (type === 'resource') return resourcePart((resource ?? {}) as Json)
  // Also what no revision knows yet: a model can read JSON.
  return text(JSON.stringify(block ?? null))
}

function mediaPart(kind: string, mimeType: unknown, data: unknown): ResultPart {
  if (typeof data !== 'string' || typeof mimeType !== 'string') return leftOut(`${kind} without data`)
  if (IMAGES.has(mimeType)) return { kind: 'image', mimeType, data }
  return leftOut(`${kind} of type ${mimeType}, ${bytesOf(data)} bytes`)
}

function resourcePart({ uri, mimeType = 'application/octet-stream', text: said, blob }: Json): ResultPart {
  if (typeof said === 'string') return text(`Resource ${String(uri)}:\n${said}`)
  if (typeof blob !== 'string' || typeof mimeType !== 'string') return leftOut(`resource ${String(uri)}`)
  if (IMAGES.has(mimeType)) return { kind: 'image', mimeType, data: blob }
  const name = String(uri).split('/').at(-1) || 'file'
  if (mimeType === 'application/pdf') return { kind: 'file', mimeType, data: blob, name }
  return leftOut(`resource ${String(uri)} of type ${mimeType}, ${bytesOf(blob)} bytes`)
}

/** The model is told that there was something: it might call again and again otherwise. */
function leftOut(what: string): ResultPart {
  return { kind: 'text', text: `[Left out, because it cannot be shown here: ${what}.]` }
}

function bytesOf(base64: string): number {
  return Math.floor((base64.length * 3) / 4)
}
