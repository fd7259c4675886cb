import { isRawNumber } from '../protocol/json.ts'
import { isObject } from './json.ts'
import type { ApiBody } from './plan.ts'
import { UnusableArgument } from './unusable-argument.ts'
import { encoded, textOf } from './write-parameter.ts'

export interface WrittenBody {
  contentType: string
  text: string
}

/** The body of a request. `boundary` tells the parts of a form apart and is in none of them. */
export function writeBody(body: ApiBody, value: unknown, boundary: string): WrittenBody {
  const { kind, mediaType, argument } = body
  if (kind === 'json') return { contentType: mediaType, text: JSON.stringify(value) }
  if (kind === 'text') return { contentType: withCharset(mediaType), text: requireText(argument, value) }
  const fields = fieldsOf(argument, value)
  if (kind === 'form') {
    return { contentType: mediaType, text: fields.map((field) => field.map(encoded).join('=')).join('&') }
  }
  return { contentType: `multipart/form-data; boundary=${boundary}`, text: multipart(fields, boundary) }
}

function withCharset(mediaType: string): string {
  return /charset/i.test(mediaType) ? mediaType : `${mediaType}; charset=utf-8`
}

function requireText(argument: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw new UnusableArgument(`"${argument}" must be text.`)
}

/** The fields of a form: lists as several of one name, anything deeper as JSON. */
function fieldsOf(argument: string, value: unknown): [name: string, text: string][] {
  if (!isObject(value) || isRawNumber(value)) throw new UnusableArgument(`"${argument}" must be an object.`)
  return Object.entries(value).flatMap(([name, each]) => {
    const values = Array.isArray(each) ? each : each === null ? [] : [each]
    return values.map((one): [string, string] => [name, textOf(one)])
  })
}

function multipart(fields: readonly [string, string][], boundary: string): string {
  const parts = fields.map(
    ([name, text]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${fieldName(name)}"\r\n\r\n${text}\r\n`,
  )
  return `${parts.join('')}--${boundary}--\r\n`
}

/** As browsers write it (HTML, multipart/form-data): a name can end neither its quotes nor its line. */
function fieldName(name: string): string {
  return name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
}
