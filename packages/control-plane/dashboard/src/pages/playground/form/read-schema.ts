import type { About, Field, Kind, Member, Option, Others, Variant } from './field.ts'
import { isObject, type JsonObject, own, sameJson } from './json.ts'

/** More fields than anybody fills in; a schema that refers to itself in many places would have no end. */
const MAX_FIELDS = 400
const MAX_DEPTH = 7
const MAX_VARIANTS = 12
const MAX_REFERENCES = 20
/** Parts of parts, as with inheritance; each level multiplies what there is to look at. */
const MAX_NESTED_PARTS = 2
/** Schemas looked at, the same one again included: what refers to itself can ask for billions of them. */
const MAX_LOOKS = 20_000

/**
 * The form for a tool's `inputSchema`, always a group. Never throws: what it does not understand becomes a place for
 * JSON, and what it leaves out of account the server judges.
 */
export function argumentsField(schema: unknown): Field & { kind: 'group' } {
  const field = createReader(schema).read(schema, 0)
  if (field.kind === 'group') return field
  return {
    kind: 'group',
    nullable: false,
    members: [],
    others: { field: ANY, offered: field.kind === 'json' },
  }
}

const ANY: Field = { kind: 'json', nullable: false }

interface Reader {
  read(schema: unknown, depth: number): Field
}

/** Whose schema it is, and how often it may still be looked at. */
interface Source {
  root: unknown
  looks: number
}

function createReader(root: unknown): Reader {
  let left = MAX_FIELDS
  const source: Source = { root, looks: MAX_LOOKS }

  function read(schema: unknown, depth: number): Field {
    left -= 1
    const flat = flatten(schema, source)
    if (flat === undefined) return ANY
    if (left < 0 || depth > MAX_DEPTH) return { ...ANY, ...aboutOf(flat) }
    const { kind, nullable } = kindOf(flat, depth)
    const about = aboutOf(flat)
    return { ...about, ...kind, nullable: about.nullable || nullable }
  }

  function kindOf(schema: JsonObject, depth: number): { kind: Kind | Field; nullable: boolean } {
    const branches = branchesOf(schema, source)
    if (branches !== undefined) return branchKind(branches, depth)
    if (Object.hasOwn(schema, 'const')) return plain({ kind: 'constant', value: schema.const })
    if (Array.isArray(schema.enum) && schema.enum.length > 0)
      return plain({ kind: 'choice', options: optionsOf(schema.enum, schema.enumNames) })
    const types = typesOf(schema)
    const named = types.filter((type) => type !== 'null')
    const [type] = named
    if (type === undefined) return plain(types.length > 0 ? { kind: 'constant', value: null } : ANY)
    if (named.length === 1) return { kind: typeKind(type, schema, depth), nullable: types.length > 1 }
    return branchKind(
      types.map((each) => ({ ...schema, type: each })),
      depth,
    )
  }

  function branchKind(branches: readonly JsonObject[], depth: number) {
    const real = branches.filter((branch) => !isNull(branch))
    const nullable = real.length < branches.length
    const options = real.map(soleOption)
    if (options.every((option) => option !== undefined))
      return { kind: options.length === 0 ? NULL : ({ kind: 'choice', options } as const), nullable }
    const [only] = real
    // One level: `string or null` is not deeper than `string`.
    if (real.length === 1) return { kind: read(only, depth), nullable }
    if (real.length > MAX_VARIANTS) return { kind: ANY, nullable }
    const fields = real.map((branch) => read(branch, depth + 1))
    return { kind: { kind: 'variants', variants: fields.map(labelled) } as const, nullable }
  }

  function typeKind(type: string, schema: JsonObject, depth: number): Kind | Field {
    if (type === 'string') return textKind(schema)
    if (type === 'number' || type === 'integer') return numberKind(schema, type === 'integer')
    if (type === 'boolean') return { kind: 'boolean' }
    if (type === 'array') return listKind(schema, depth)
    if (type === 'object') return groupKind(schema, depth)
    return ANY
  }

  function listKind(schema: JsonObject, depth: number): Kind | Field {
    if (!isObject(schema.items) || schema.prefixItems !== undefined) return ANY
    const item = read(schema.items, depth + 1)
    const size = { ...numberAt(schema, 'minItems'), ...numberAt(schema, 'maxItems') }
    if (item.kind === 'choice' && !item.nullable && areDistinct(item.options))
      return { kind: 'many', options: item.options, ...size }
    return { kind: 'list', item, ...size }
  }

  function groupKind(schema: JsonObject, depth: number): Kind | Field {
    const properties = isObject(schema.properties) ? Object.entries(schema.properties) : []
    const required = Array.isArray(schema.required) ? schema.required : []
    const others = othersOf(schema, depth)
    // Any object at all; the arguments as a whole are a form also when it is empty.
    if (depth > 0 && properties.length === 0 && others?.offered !== true) return ANY
    if (properties.length > MAX_FIELDS) return ANY
    const members: Member[] = properties.map(([name, member]) => ({
      name,
      required: required.includes(name),
      field: read(member, depth + 1),
    }))
    return { kind: 'group', members, ...(others && { others }) }
  }

  function othersOf({ additionalProperties: more }: JsonObject, depth: number): Others | undefined {
    if (more === false) return undefined
    if (isObject(more)) return { field: read(more, depth + 1), offered: true }
    return { field: ANY, offered: more === true }
  }

  return { read }
}

const NULL = { kind: 'constant', value: null } as const

function plain(kind: Kind | Field) {
  return { kind, nullable: false }
}

/** The schema with what it refers to and all of its parts in one; undefined when it is not one that says anything. */
function flatten(schema: unknown, source: Source, nested = 0): JsonObject | undefined {
  source.looks -= 1
  if (source.looks < 0) return undefined
  let flat = isObject(schema) ? schema : undefined
  for (let followed = 0; typeof flat?.$ref === 'string'; followed += 1) {
    const { $ref, ...beside }: JsonObject = flat
    const target = followed < MAX_REFERENCES ? referred(source.root, String($ref)) : undefined
    flat = isObject(target) ? { ...target, ...beside } : undefined
  }
  if (flat === undefined || !Array.isArray(flat.allOf)) return flat
  const { allOf, ...rest } = flat
  if (allOf.length > MAX_VARIANTS || nested > MAX_NESTED_PARTS) return undefined
  return mergeAll(
    allOf.map((part) => flatten(part, source, nested + 1)),
    rest,
  )
}

function mergeAll(parts: readonly (JsonObject | undefined)[], rest: JsonObject): JsonObject | undefined {
  let merged: JsonObject | undefined = rest
  for (const part of parts.toReversed()) merged = part && merged && merge(part, merged)
  return merged
}

/** Both at once. Undefined where that takes more than laying members beside one another. */
function merge(part: JsonObject, whole: JsonObject): JsonObject | undefined {
  for (const key of ['anyOf', 'oneOf', 'enum', 'const', 'items']) {
    if (Object.hasOwn(part, key) && Object.hasOwn(whole, key)) return undefined
  }
  if (part.type !== undefined && whole.type !== undefined && !sameJson(part.type, whole.type))
    return undefined
  const properties = { ...objectAt(part, 'properties'), ...objectAt(whole, 'properties') }
  return {
    ...part,
    ...whole,
    ...(Object.keys(properties).length > 0 && { properties }),
    required: [...arrayAt(part, 'required'), ...arrayAt(whole, 'required')],
  }
}

/** `#/$defs/Item` and its like. Other documents are not fetched. */
function referred(root: unknown, reference: string): unknown {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return undefined
  let found = root
  for (const part of reference.slice(2).split('/')) {
    const name = unescaped(part)
    found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined
  }
  return found
}

function unescaped(part: string): string {
  const text = part.replaceAll('~1', '/').replaceAll('~0', '~')
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What one of is to be chosen, each with what holds for all of them; undefined where that is no choice of values. */
function branchesOf(schema: JsonObject, source: Source): JsonObject[] | undefined {
  const { oneOf, anyOf, title, description, default: _, ...base } = schema
  const given = Array.isArray(oneOf) ? oneOf : Array.isArray(anyOf) ? anyOf : []
  // Branches such as { "required": ["a"] } are left to the server.
  const flat = given.map((branch) => flatten(branch, source))
  if (flat.length === 0 || !flat.every((branch) => branch !== undefined && saysWhatItIs(branch)))
    return undefined
  const merged = flat.map((branch) => branch && merge(branch, baseFor(branch, base)))
  return merged.every((branch) => branch !== undefined) ? merged : undefined
}

/** `{ "type": ["string", "null"], "anyOf": [{ "type": "null" }, …] }`: the branch says it more exactly. */
function baseFor(branch: JsonObject, base: JsonObject): JsonObject {
  if (branch.type === undefined || base.type === undefined) return base
  const { type: _, ...rest } = base
  return rest
}

function saysWhatItIs(schema: JsonObject): boolean {
  return ['type', 'properties', 'const', 'enum', 'items', 'anyOf', 'oneOf'].some((key) =>
    Object.hasOwn(schema, key),
  )
}

function isNull(schema: JsonObject): boolean {
  return schema.type === 'null' || (Object.hasOwn(schema, 'const') && schema.const === null)
}

/** `{ "const": 3, "title": "High" }`: one of a choice. */
function soleOption(schema: JsonObject): Option | undefined {
  const value = Object.hasOwn(schema, 'const') ? [schema.const] : arrayAt(schema, 'enum')
  if (value.length !== 1) return undefined
  return { label: own(schema, 'title', isText) ?? labelOf(value[0]), value: value[0] }
}

function labelled(field: Field, index: number): Variant {
  return { label: field.title ?? KIND_WORD[field.kind] ?? `Form ${index + 1}`, field }
}

const KIND_WORD: Partial<Record<Field['kind'], string>> = {
  text: 'Text',
  number: 'Number',
  boolean: 'True or false',
  choice: 'One of a few',
  many: 'Some of a few',
  list: 'List',
  json: 'JSON',
}

function optionsOf(values: readonly unknown[], names: unknown): Option[] {
  const labels = Array.isArray(names) && names.length === values.length ? names : []
  return values.map((value, index) => ({
    label: isText(labels[index]) ? labels[index] : labelOf(value),
    value,
  }))
}

function labelOf(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
}

function areDistinct(options: readonly Option[]): boolean {
  return new Set(options.map(({ value }) => JSON.stringify(value))).size === options.length
}

/** What it says, or what its other words only make sense for. */
function typesOf(schema: JsonObject): string[] {
  const { type } = schema
  if (typeof type === 'string') return [type]
  if (Array.isArray(type)) return [...new Set(type.filter(isText))]
  if (isObject(schema.properties)) return ['object']
  if (schema.items !== undefined) return ['array']
  return []
}

function textKind(schema: JsonObject): Kind {
  const example = arrayAt(schema, 'examples').find(isText)
  return {
    kind: 'text',
    ...textAt(schema, 'format'),
    ...textAt(schema, 'pattern'),
    ...(example !== undefined && { example }),
    ...numberAt(schema, 'minLength'),
    ...numberAt(schema, 'maxLength'),
  }
}

function numberKind(schema: JsonObject, whole: boolean): Kind {
  const above = own(schema, 'exclusiveMinimum', isNumber)
  const below = own(schema, 'exclusiveMaximum', isNumber)
  return {
    kind: 'number',
    whole,
    ...numberAt(schema, 'minimum'),
    ...numberAt(schema, 'maximum'),
    ...(above !== undefined && { above }),
    ...(below !== undefined && { below }),
  }
}

function aboutOf(schema: JsonObject): About {
  return {
    ...textAt(schema, 'title'),
    ...textAt(schema, 'description'),
    ...(Object.hasOwn(schema, 'default') && { preset: schema.default }),
    nullable: schema.nullable === true,
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

function textAt<K extends string>(schema: JsonObject, key: K): { [key in K]?: string } {
  const value = own(schema, key, isText)
  return value === undefined || value === '' ? {} : ({ [key]: value } as { [key in K]?: string })
}

function numberAt<K extends string>(schema: JsonObject, key: K): { [key in K]?: number } {
  const value = own(schema, key, isNumber)
  return value === undefined ? {} : ({ [key]: value } as { [key in K]?: number })
}

function objectAt(schema: JsonObject, key: string): JsonObject {
  return own(schema, key, isObject) ?? {}
}

function arrayAt(schema: JsonObject, key: string): readonly unknown[] {
  const value = schema[key]
  return Object.hasOwn(schema, key) && Array.isArray(value) ? value : []
}
