import { BUILT_IN, type CatalogRule, type CatalogRules } from '../model/catalog.ts'
import { compilePattern } from './pattern.ts'

/** One way to have a server of a catalog. */
export type Addition = Required<CatalogRule>

/** Why the rules of the installation do not let anybody add that, in words for its owner; undefined when they do. */
export type JudgeAddition = (addition: Addition) => string | undefined

/** Deny wins; an allow list that is there and empty allows nothing. */
export function compileCatalogRules({ builtIn, allow, deny = [] }: CatalogRules): JudgeAddition {
  const denying = deny.map((rule) => ({ rule, matches: compileRule(rule) }))
  const allowing = allow?.map(compileRule)
  return (addition) => {
    if (addition.source === BUILT_IN && !builtIn) return 'The built-in catalog is switched off.'
    const denied = denying.find(({ matches }) => matches(addition))
    if (denied !== undefined) return `The deny list has: ${describeRule(denied.rule)}.`
    if (allowing?.some((matches) => matches(addition)) === false) return 'Nothing on the allow list fits it.'
    return undefined
  }
}

function compileRule({ id, ...exact }: CatalogRule): (addition: Addition) => boolean {
  const matchesId = id === undefined ? () => true : compilePattern(id)
  // The cast: Object.entries knows no names.
  const wanted = Object.entries(exact) as [keyof Addition, string | boolean][]
  return (addition) => matchesId(addition.id) && wanted.every(([name, value]) => addition[name] === value)
}

function describeRule(rule: CatalogRule): string {
  return Object.entries(rule)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}
