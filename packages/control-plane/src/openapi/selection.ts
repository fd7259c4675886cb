import { compilePattern } from '../access/pattern.ts'

/** Operations by what they are; everything that is given must fit. `*` stands for any run of characters. */
export interface OperationSelector {
  operationId?: string | undefined
  tag?: string | undefined
  method?: string | undefined
  path?: string | undefined
}

/** What is chosen: whatever is included and not excluded. Without anything included, nothing is. */
export interface OperationChoice {
  include?: readonly OperationSelector[] | undefined
  exclude?: readonly OperationSelector[] | undefined
}

export interface Selectable {
  operationId: string | undefined
  tags: readonly string[]
  method: string
  path: string
}

export function compileChoice({ include = [], exclude = [] }: OperationChoice): (one: Selectable) => boolean {
  const included = include.map(compileSelector)
  const excluded = exclude.map(compileSelector)
  return (one) => included.some((fits) => fits(one)) && !excluded.some((fits) => fits(one))
}

function compileSelector({
  operationId,
  tag,
  method,
  path,
}: OperationSelector): (one: Selectable) => boolean {
  const fits = (pattern: string | undefined) => (pattern === undefined ? () => true : compilePattern(pattern))
  const [fitsId, fitsTag, fitsPath] = [fits(operationId), fits(tag), fits(path)]
  const wanted = method?.toUpperCase()
  return (one) =>
    fitsId(one.operationId ?? '') &&
    (tag === undefined || one.tags.some(fitsTag)) &&
    (wanted === undefined || wanted === one.method) &&
    fitsPath(one.path)
}
