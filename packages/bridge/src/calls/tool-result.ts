import { isDeepStrictEqual } from 'node:util'
import { asObject, asString, isObject, type JsonObject, parseJson } from '../json-object.ts'

/** A result, taken apart into what can be printed and what cannot. */
export interface ToolResult {
  readonly isError: boolean
  /** What goes to stdout, in the order in which it came. */
  readonly texts: readonly string[]
  readonly files: readonly ResultFile[]
  /** Blocks of kinds that are not known here. */
  readonly strangers: readonly string[]
}

export interface ResultFile {
  readonly kind: string
  readonly mimeType: string
  readonly bytes: Buffer
}

export function readResult(result: JsonObject): ToolResult {
  const blocks = (Array.isArray(result.content) ? result.content : []).filter(isObject)
  const { structuredContent: structure } = result
  const texts = blocks.map(textOf).filter((text) => text !== undefined)
  // Servers repeat the structure as text for clients that do not know it. Theirs has every digit as they wrote it.
  const isRepeated = texts.some((text) => isDeepStrictEqual(parseJson(text), structure))
  return {
    isError: result.isError === true,
    texts:
      structure === undefined || isRepeated ? texts : [...texts, JSON.stringify(structure, undefined, 2)],
    files: blocks.map(fileOf).filter((file) => file !== undefined),
    strangers: blocks.filter(isStranger).map((block) => asString(block.type) ?? 'unknown'),
  }
}

function textOf(block: JsonObject): string | undefined {
  if (block.type === 'text') return asString(block.text)
  if (block.type === 'resource') return asString(asObject(block.resource)?.text)
  return block.type === 'resource_link' ? asString(block.uri) : undefined
}

function fileOf(block: JsonObject): ResultFile | undefined {
  const source = block.type === 'resource' ? asObject(block.resource) : block
  const data = asString(block.type === 'resource' ? source?.blob : source?.data)
  if (data === undefined || !['image', 'audio', 'resource'].includes(String(block.type))) return undefined
  return {
    kind: block.type === 'resource' ? 'file' : String(block.type),
    mimeType: asString(source?.mimeType) ?? 'unknown type',
    bytes: Buffer.from(data, 'base64'),
  }
}

function isStranger(block: JsonObject): boolean {
  return textOf(block) === undefined && fileOf(block) === undefined
}
