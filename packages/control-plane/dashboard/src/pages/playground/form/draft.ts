import type { Field, Member, OfKind } from './field.ts'
import { isObject, parseJson, sameJson } from './json.ts'

/** What somebody typed so far, in the shape of the field it is for. */
export type Draft =
  | { kind: 'plain'; text: string; given: boolean }
  | { kind: 'null' }
  | { kind: 'many'; given: boolean; chosen: readonly boolean[] }
  | { kind: 'list'; given: boolean; items: readonly ListItem[] }
  | { kind: 'group'; given: boolean; members: readonly Draft[]; others: readonly OtherItem[] }
  | { kind: 'variants'; chosen: number | undefined; draft: Draft }

export type OfDraft<K extends Draft['kind']> = Extract<Draft, { kind: K }>

export interface ListItem {
  id: number
  draft: Draft
}

export interface OtherItem extends ListItem {
  name: string
}

const NOTHING: Draft = { kind: 'plain', text: '', given: false }

/** Where somebody begins: with what the schema presets, and with a place for everything that is required. */
export function firstDraft(field: Field, required: boolean): Draft {
  const { preset } = field
  // Null for what need not be there says no more than leaving it out, and would be in the way of a value.
  if (preset === undefined || (preset === null && !required)) return blankDraft(field, required)
  return draftOf(field, preset) ?? blankDraft(field, required)
}

/** The same for what a schema presets nothing for. */
function blankDraft(field: Field, required: boolean): Draft {
  if (field.kind === 'group')
    return {
      kind: 'group',
      given: required,
      members: field.members.map((member) => firstDraft(member.field, member.required)),
      others: [],
    }
  if (field.kind === 'list') return { kind: 'list', given: required, items: [] }
  if (field.kind === 'many') return { kind: 'many', given: required, chosen: field.options.map(() => false) }
  if (field.kind === 'variants') return chooseVariant(field, required ? 0 : undefined)
  return NOTHING
}

/** Another of the variants, begun afresh. */
export function chooseVariant(field: OfKind<'variants'>, index: number | undefined): OfDraft<'variants'> {
  const variant = index === undefined ? undefined : field.variants[index]
  if (variant === undefined) return { kind: 'variants', chosen: undefined, draft: NOTHING }
  return { kind: 'variants', chosen: index, draft: firstDraft(variant.field, true) }
}

export function addItem(field: OfKind<'list'>, draft: OfDraft<'list'>): OfDraft<'list'> {
  const item = { id: nextId(draft.items), draft: firstDraft(field.item, true) }
  return { ...draft, given: true, items: [...draft.items, item] }
}

/** A place for a value whose name the schema does not list. */
export function addOther(field: OfKind<'group'>, draft: OfDraft<'group'>): OfDraft<'group'> {
  if (field.others === undefined) return draft
  const item = { id: nextId(draft.others), name: '', draft: firstDraft(field.others.field, true) }
  return { ...draft, given: true, others: [...draft.others, item] }
}

function nextId(items: readonly ListItem[]): number {
  return Math.max(0, ...items.map(({ id }) => id)) + 1
}

/** The draft that reads as this value; undefined where the form has no place for it. */
export function draftOf(field: Field, value: unknown): Draft | undefined {
  if (value === null && field.nullable) return { kind: 'null' }
  switch (field.kind) {
    case 'text':
      return typeof value === 'string' ? typed(value) : undefined
    case 'number':
      return fitsNumber(value, field.whole) ? typed(String(value)) : undefined
    case 'boolean':
      return typeof value === 'boolean' ? typed(String(value)) : undefined
    case 'choice':
      return draftOfChoice(field, value)
    case 'many':
      return draftOfMany(field, value)
    case 'constant':
      return sameJson(field.value, value) ? typed('') : undefined
    case 'list':
      return draftOfList(field, value)
    case 'group':
      return draftOfGroup(field, value)
    case 'variants':
      return draftOfVariant(field, value)
    case 'json':
      return typed(JSON.stringify(value, null, 2))
  }
}

function typed(text: string): Draft {
  return { kind: 'plain', text, given: true }
}

function fitsNumber(value: unknown, whole: boolean): boolean {
  return whole ? Number.isSafeInteger(value) : Number.isFinite(value)
}

function draftOfChoice({ options }: OfKind<'choice'>, value: unknown): Draft | undefined {
  const index = options.findIndex((option) => sameJson(option.value, value))
  return index === -1 ? undefined : typed(String(index))
}

/** Only in the order of the options: another order could mean something else. */
function draftOfMany({ options }: OfKind<'many'>, value: unknown): Draft | undefined {
  if (!Array.isArray(value)) return undefined
  const chosen = options.map((option) => value.some((each) => sameJson(each, option.value)))
  const reads = options.filter((_, index) => chosen[index]).map((option) => option.value)
  return sameJson(reads, value) ? { kind: 'many', given: true, chosen } : undefined
}

function draftOfList({ item }: OfKind<'list'>, value: unknown): Draft | undefined {
  if (!Array.isArray(value)) return undefined
  const items: ListItem[] = []
  for (const each of value) {
    const draft = draftOf(item, each)
    if (draft === undefined) return undefined
    items.push({ id: items.length + 1, draft })
  }
  return { kind: 'list', given: true, items }
}

function draftOfGroup({ members, others }: OfKind<'group'>, value: unknown): Draft | undefined {
  if (!isObject(value)) return undefined
  const known = members.map((member) => draftOfMember(member, value))
  const extra: OtherItem[] = []
  for (const [name, each] of Object.entries(value)) {
    if (members.some((member) => member.name === name)) continue
    const draft = others && draftOf(others.field, each)
    if (draft === undefined) return undefined
    extra.push({ id: extra.length + 1, name, draft })
  }
  if (!known.every((draft) => draft !== undefined)) return undefined
  return { kind: 'group', given: true, members: known, others: extra }
}

/** What is not there stays away, also where the schema presets something. */
function draftOfMember({ name, field }: Member, value: Record<string, unknown>): Draft | undefined {
  return Object.hasOwn(value, name) ? draftOf(field, value[name]) : blankDraft(field, false)
}

function draftOfVariant({ variants }: OfKind<'variants'>, value: unknown): Draft | undefined {
  for (const [index, { field }] of variants.entries()) {
    const draft = draftOf(field, value)
    if (draft !== undefined && readDraft(field, draft).mistakes.size === 0)
      return { kind: 'variants', chosen: index, draft }
  }
  return undefined
}

/** By JSON pointer. */
export type Mistakes = ReadonlyMap<string, string>

export interface Reading {
  /** Absent where nothing is to be sent. */
  sent?: { value: unknown }
  mistakes: Mistakes
}

/** The value that was typed, and what is wrong with it, place by place. With mistakes there is nothing to send. */
export function readDraft(field: Field, draft: Draft, required = true): Reading {
  const mistakes = new Map<string, string>()
  const sent = read(field, draft, { required, path: '', mistakes })
  return mistakes.size > 0 || sent === undefined ? { mistakes } : { sent, mistakes }
}

/** What was typed so far, mistakes and all, to go on with elsewhere. */
export function roughValue(field: Field, draft: Draft): unknown {
  return read(field, draft, { required: true, path: '', mistakes: new Map() })?.value
}

interface Place {
  required: boolean
  path: string
  mistakes: Map<string, string>
}

type Sent = { value: unknown } | undefined

function read(field: Field, draft: Draft, place: Place): Sent {
  if (draft.kind === 'null') return { value: null }
  if (draft.kind === 'many' && field.kind === 'many') return readMany(field, draft, place)
  if (draft.kind === 'list' && field.kind === 'list') return readList(field, draft, place)
  if (draft.kind === 'group' && field.kind === 'group') return readGroup(field, draft, place)
  if (draft.kind === 'variants' && field.kind === 'variants') return readVariant(field, draft, place)
  if (draft.kind === 'plain') return readPlain(field, draft, place)
  return nothing(field, place)
}

/** Nothing was typed. Where something is required, null is something, and a constant needs no typing. */
function nothing(field: Field, { required, path, mistakes }: Place): Sent {
  if (!required) return undefined
  if (field.kind === 'constant') return { value: field.value }
  if (field.nullable) return { value: null }
  mistakes.set(path, field.kind === 'choice' || field.kind === 'boolean' ? 'Choose one.' : 'Fill this in.')
  return undefined
}

function readPlain(field: Field, draft: OfDraft<'plain'>, place: Place): Sent {
  if (!draft.given) return nothing(field, place)
  const wrong = (mistake: string | undefined) => {
    if (mistake !== undefined) place.mistakes.set(place.path, mistake)
  }
  switch (field.kind) {
    case 'text':
      wrong(lengthMistake(draft.text, field))
      return { value: draft.text }
    case 'number':
      wrong(numberMistake(draft.text, field))
      return { value: Number(draft.text) }
    case 'boolean':
      return { value: draft.text === 'true' }
    case 'choice': {
      const option = field.options[Number(draft.text)]
      return option === undefined ? nothing(field, place) : { value: option.value }
    }
    case 'constant':
      return { value: field.value }
    default: {
      const parsed = parseJson(draft.text)
      if (parsed.ok) return { value: parsed.value }
      wrong(parsed.mistake)
      return undefined
    }
  }
}

function lengthMistake(text: string, { minLength = 0, maxLength = Infinity }: OfKind<'text'>) {
  const length = [...text].length
  if (length < minLength) return `At least ${minLength} characters; this has ${length}.`
  if (length > maxLength) return `At most ${maxLength} characters; this has ${length}.`
  return undefined
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function numberMistake(text: string, { whole, minimum, maximum, above, below }: OfKind<'number'>) {
  const value = Number(text)
  if (!NUMBER.test(text) || !Number.isFinite(value))
    return whole ? 'A whole number, such as 42.' : 'A number, such as 4.2.'
  if (whole && !Number.isInteger(value)) return 'A whole number, such as 42.'
  if (whole && !Number.isSafeInteger(value))
    return 'Too large for this form to keep every digit: write it as raw JSON.'
  if (minimum !== undefined && value < minimum) return `At least ${minimum}.`
  if (maximum !== undefined && value > maximum) return `At most ${maximum}.`
  if (above !== undefined && value <= above) return `More than ${above}.`
  if (below !== undefined && value >= below) return `Less than ${below}.`
  return undefined
}

function readMany(field: OfKind<'many'>, draft: OfDraft<'many'>, place: Place): Sent {
  if (!draft.given) return nothing(field, place)
  const value = field.options.filter((_, index) => draft.chosen[index]).map((option) => option.value)
  sizeMistake(value.length, field, place)
  return { value }
}

function sizeMistake(
  size: number,
  { minItems = 0, maxItems = Infinity }: { minItems?: number; maxItems?: number },
  { path, mistakes }: Place,
): void {
  if (size < minItems) mistakes.set(path, `At least ${minItems}; there ${size === 1 ? 'is' : 'are'} ${size}.`)
  if (size > maxItems) mistakes.set(path, `At most ${maxItems}; there are ${size}.`)
}

function readList(field: OfKind<'list'>, draft: OfDraft<'list'>, place: Place): Sent {
  if (!draft.given) return nothing(field, place)
  sizeMistake(draft.items.length, field, place)
  const value = draft.items.map((item, index) =>
    read(field.item, item.draft, { ...place, required: true, path: below(place.path, String(index)) }),
  )
  return { value: value.map((sent) => sent?.value) }
}

function readGroup(field: OfKind<'group'>, draft: OfDraft<'group'>, place: Place): Sent {
  if (!draft.given) return nothing(field, place)
  const entries: [string, unknown][] = []
  for (const [index, { name, required, field: member }] of field.members.entries()) {
    const typed = draft.members[index] ?? NOTHING
    const sent = read(member, typed, { ...place, required, path: below(place.path, name) })
    if (sent !== undefined) entries.push([name, sent.value])
  }
  entries.push(...readOthers(field, draft, place))
  // Its own members also for names such as `__proto__`, which an assignment would take for something else.
  return { value: Object.fromEntries(entries) }
}

function readOthers({ members, others }: OfKind<'group'>, draft: OfDraft<'group'>, place: Place) {
  const entries: [string, unknown][] = []
  if (others === undefined) return entries
  const taken = new Set(members.map(({ name }) => name))
  for (const { id, name, draft: typed } of draft.others) {
    const path = otherPath(place.path, id)
    if (taken.has(name)) place.mistakes.set(`${path}/name`, 'There is already a value of this name.')
    taken.add(name)
    const sent = read(others.field, typed, { ...place, required: true, path })
    if (sent !== undefined) entries.push([name, sent.value])
  }
  return entries
}

function readVariant(field: OfKind<'variants'>, draft: OfDraft<'variants'>, place: Place): Sent {
  const variant = draft.chosen === undefined ? undefined : field.variants[draft.chosen]
  if (variant === undefined) return nothing(field, place)
  return read(variant.field, draft.draft, { ...place, required: true })
}

/** The place of a member or an item below another. */
export function below(path: string, name: string): string {
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** The place of a value whose name is typed, too: by what stays the same meanwhile. */
export function otherPath(path: string, id: number): string {
  return `${path}/~other/${id}`
}
