/** A value that somebody must give before a server can be added, or may give. */
export interface Need {
  /** Usable as the name of a credential's value. */
  name: string
  isSecret: boolean
  isRequired: boolean
  description?: string
  format: 'string' | 'number' | 'boolean' | 'filepath'
  /** Taken when nothing else is given. */
  default?: string
  choices?: string[]
  placeholder?: string
  /** A page where the value is made, or that says what it is. */
  getItAt?: string
  goesInto:
    | { kind: 'header'; name: string }
    | { kind: 'variable'; name: string }
    | { kind: 'argument' }
    | { kind: 'address' }
}

/** The name as credentials take it: `[A-Za-z_][A-Za-z0-9_]{0,63}`. */
export function needName(name: string): string {
  const clean = name.replace(/^-+/, '').replaceAll(/[^A-Za-z0-9_]/g, '_')
  return (/^[A-Za-z_]/.test(clean) ? clean : `_${clean}`).slice(0, 64)
}
