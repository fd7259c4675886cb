import { isObject, type Json } from './json.ts'
import { LeftOut } from './left-out.ts'

const MAX_STEPS = 32

/** Finds what a `$ref` names inside the document. Nothing outside of it is ever fetched. */
export interface References {
  /** The value itself, or what it refers to, however many steps away. Throws LeftOut. */
  resolve(value: unknown): unknown
  /** What stands at a pointer such as `#/components/schemas/Pet`. Throws LeftOut. */
  at(pointer: string): unknown
}

export function createReferences(document: Json): References {
  function at(pointer: string): unknown {
    if (!pointer.startsWith('#')) {
      throw new LeftOut(`It refers to another document ("${shortened(pointer)}"), which is not fetched.`)
    }
    if (pointer !== '#' && !pointer.startsWith('#/')) {
      throw new LeftOut(`It refers to "${shortened(pointer)}", which is no path in the document.`)
    }
    return pointer.split('/').slice(1).map(unescaped).reduce(step(pointer), document)
  }

  return {
    at,
    resolve(value) {
      let found = value
      for (let steps = 0; isObject(found) && typeof found.$ref === 'string'; steps++) {
        if (steps === MAX_STEPS) throw new LeftOut(`"${shortened(found.$ref)}" refers to itself.`)
        found = at(found.$ref)
      }
      return found
    },
  }
}

function step(pointer: string): (at: unknown, key: string) => unknown {
  return (at, key) => {
    if (typeof at === 'object' && at !== null && Object.hasOwn(at, key)) return Reflect.get(at, key)
    throw new LeftOut(`It refers to "${shortened(pointer)}", which is not in the document.`)
  }
}

function unescaped(part: string): string {
  const plain = part.replaceAll('~1', '/').replaceAll('~0', '~')
  try {
    return decodeURIComponent(plain)
  } catch {
    return plain
  }
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
