const MAX_NAME = 64

/**
 * The values of a server's credential while its entry is read: those that stood in the text, and the names of those
 * that did not. Each gets a placeholder.
 */
export class CredentialDraft {
  /** Undefined: the value is not in the text. */
  readonly #values = new Map<string, string | undefined>()

  /** For a value that stood in the text; the same value has the same placeholder. */
  seal(wish: string, value: string): string {
    for (const [name, known] of this.#values) if (known === value) return placeholder(name)
    const name = this.#freeName(wish)
    this.#values.set(name, value)
    return placeholder(name)
  }

  /** For a value that somebody has to set later. */
  ask(wish: string): string {
    const name = valueName(wish)
    if (this.#values.has(name) && this.#values.get(name) === undefined) return placeholder(name)
    const free = this.#freeName(wish)
    this.#values.set(free, undefined)
    return placeholder(free)
  }

  /** Of those that are there. For the vault and nothing else. */
  values(): Record<string, string> {
    return Object.fromEntries(
      [...this.#values].flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    )
  }

  missing(): string[] {
    return [...this.#values].flatMap(([name, value]) => (value === undefined ? [name] : []))
  }

  #freeName(wish: string): string {
    const name = valueName(wish)
    if (!this.#values.has(name)) return name
    for (let number = 2; ; number += 1) {
      const ending = `_${number}`
      const free = `${name.slice(0, MAX_NAME - ending.length)}${ending}`
      if (!this.#values.has(free)) return free
    }
  }
}

function placeholder(name: string): string {
  return `{{${name}}}`
}

/** `X-Api-Key` becomes `X_API_KEY`. */
function valueName(wish: string): string {
  const clean = wish
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, MAX_NAME - 1)
  if (clean === '') return 'SECRET'
  return /^\d/.test(clean) ? `_${clean}` : clean
}
