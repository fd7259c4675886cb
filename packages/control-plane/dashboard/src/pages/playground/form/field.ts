/** What a form shows for one place in a tool's arguments. Everything in it comes from a server and is shown as text only. */
export type Field = About & Kind

export interface About {
  title?: string
  description?: string
  /** What the schema gives as the value when nobody chose one; undefined where it gives none. */
  preset?: unknown
  /** `null` is a value too. */
  nullable: boolean
}

export type Kind =
  | TextKind
  | NumberKind
  | { kind: 'boolean' }
  | { kind: 'choice'; options: readonly Option[] }
  | ManyKind
  | { kind: 'constant'; value: unknown }
  | { kind: 'list'; item: Field; minItems?: number; maxItems?: number }
  | { kind: 'group'; members: readonly Member[]; others?: Others }
  | { kind: 'variants'; variants: readonly Variant[] }
  /** What no form is made for: typed as JSON. */
  | { kind: 'json' }

export interface TextKind {
  kind: 'text'
  /** The schema's `format`, such as `date-time`; a hint and no more. */
  format?: string
  /** A regular expression of a server: shown, never run. */
  pattern?: string
  example?: string
  minLength?: number
  maxLength?: number
}

export interface NumberKind {
  kind: 'number'
  whole: boolean
  minimum?: number
  maximum?: number
  /** The bounds themselves do not count. */
  above?: number
  below?: number
}

/** Some of a few: each at most once. */
export interface ManyKind {
  kind: 'many'
  options: readonly Option[]
  minItems?: number
  maxItems?: number
}

export interface Option {
  label: string
  value: unknown
}

export interface Member {
  name: string
  required: boolean
  field: Field
}

/** Values under names that the schema does not list. */
export interface Others {
  field: Field
  /** The schema speaks of them; otherwise it only does not forbid them. */
  offered: boolean
}

export interface Variant {
  label: string
  field: Field
}

export type OfKind<K extends Field['kind']> = Extract<Field, { kind: K }>
