import type { ArgumentNames } from './argument-names.ts'
import { isObject, type Json, listOf, member, objectsIn } from './json.ts'
import { LeftOut } from './left-out.ts'
import type { ApiBody } from './plan.ts'
import type { References } from './references.ts'

export interface ReadBody {
  body: ApiBody
  schema: unknown
  description: string
}

/** In the order in which one is chosen where the API takes several. */
const KINDS: readonly [ApiBody['kind'], RegExp][] = [
  ['json', /^application\/json(?:;|$)/i],
  ['json', /^[a-z]+\/[\w.-]+\+json(?:;|$)|^\*\/\*$|^application\/\*$/i],
  ['form', /^application\/x-www-form-urlencoded(?:;|$)/i],
  ['multipart', /^multipart\/form-data(?:;|$)/i],
  ['text', /^text\/|^application\/xml(?:;|$)|\+xml(?:;|$)/i],
]
const MEDIA_TYPE = /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+(?:; *[\w-]+="?[\w.-]+"?)*$/

/** What is sent beside the parameters. Throws LeftOut for a body that is required and of a kind that tools cannot send. */
export function readBody(given: unknown, references: References, names: ArgumentNames): ReadBody | undefined {
  const requestBody = references.resolve(given)
  if (!isObject(requestBody)) return undefined
  const required = requestBody.required === true
  const content = objectsIn(requestBody.content).filter(([type]) => MEDIA_TYPE.test(type))
  const chosen = KINDS.flatMap(([kind, pattern]) => {
    const found = content.find(([type]) => pattern.test(type))
    return found === undefined ? [] : [{ kind, mediaType: found[0], media: found[1] }]
  })[0]
  if (chosen === undefined) return unsendable(required, content)
  const { kind, mediaType, media } = chosen
  const schema = kind === 'multipart' ? withoutFiles(media.schema, references) : (media.schema ?? {})
  return {
    body: {
      argument: names.claim('body', 'request'),
      required,
      kind,
      mediaType: mediaType.includes('*') ? 'application/json' : mediaType,
    },
    schema: kind === 'text' ? { type: 'string' } : schema,
    description: typeof requestBody.description === 'string' ? requestBody.description : '',
  }
}

function unsendable(required: boolean, content: readonly [string, Json][]): undefined {
  if (!required) return undefined
  const types = content.map(([type]) => type).join(', ')
  throw new LeftOut(
    `Its body is ${types === '' ? 'of no known kind' : types.slice(0, 200)}, which tools cannot send.`,
  )
}

/** A tool sends text. An upload that can do without a file does without. */
function withoutFiles(schema: unknown, references: References): unknown {
  const form = references.resolve(schema)
  if (!isObject(form)) return {}
  const isFile = ([, each]: [string, Json]) => {
    const found = references.resolve(each)
    const inList = references.resolve(member(found, 'items'))
    return [found, inList].some(
      (one) =>
        member(one, 'format') === 'binary' || member(one, 'contentMediaType') === 'application/octet-stream',
    )
  }
  const properties = objectsIn(form.properties)
  const files = new Set(properties.filter(isFile).map(([name]) => name))
  const needed = listOf(form.required).find((name) => typeof name === 'string' && files.has(name))
  if (needed !== undefined)
    throw new LeftOut(`It needs the file "${String(needed)}", and tools send text only.`)
  return { ...form, properties: Object.fromEntries(properties.filter(([name]) => !files.has(name))) }
}
