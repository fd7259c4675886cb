import type { Field, Option } from './field.ts'

const MAX_OPTIONS = 12

/** What kind of value it is, for people: "whole number from 1 to 10, or null". */
export function fieldWords(field: Field): string {
  const words = kindWords(field)
  return field.nullable ? `${words}, or null` : words
}

/** The same for where the options are to be seen anyway. */
export function shortWords(field: Field): string {
  if (field.kind !== 'choice' && field.kind !== 'many') return fieldWords(field)
  const words = `${field.kind === 'choice' ? 'one' : 'any'} of ${field.options.length}`
  return field.nullable ? `${words}, or null` : words
}

function kindWords(field: Field): string {
  switch (field.kind) {
    case 'text':
      return field.format === undefined ? 'text' : `text (${field.format})`
    case 'number':
      return `${field.whole ? 'whole number' : 'number'}${bounds(field.minimum ?? field.above, field.maximum ?? field.below)}`
    case 'boolean':
      return 'true or false'
    case 'choice':
      return `one of ${named(field.options)}`
    case 'many':
      return `any of ${named(field.options)}`
    case 'constant':
      return `always ${JSON.stringify(field.value)}`
    case 'list':
      return `list of ${kindWords(field.item)}`
    case 'group':
      return 'object'
    case 'variants':
      return `one of: ${field.variants.map(({ label }) => label).join(' / ')}`
    case 'json':
      return 'any JSON'
  }
}

function bounds(from: number | undefined, to: number | undefined): string {
  if (from !== undefined && to !== undefined) return ` from ${from} to ${to}`
  if (from !== undefined) return ` from ${from}`
  return to === undefined ? '' : ` up to ${to}`
}

function named(options: readonly Option[]): string {
  const labels = options.slice(0, MAX_OPTIONS).map(({ label }) => label)
  const left = options.length - labels.length
  return left > 0 ? `${labels.join(', ')} and ${left} more` : labels.join(', ')
}
