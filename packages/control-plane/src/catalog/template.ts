import type { Need } from './need.ts'
import type { ServerInput } from './server-json.ts'

/** A text in pieces: what stands there, and values of needs. */
export type Template = readonly (string | { need: string })[]

type Input = ServerInput & { variables?: Record<string, ServerInput> }
type Place = Need['goesInto']

/** Collects what a deployment needs while its texts are read. */
export interface Needed {
  /** The same name in two places is one value. Answers the name that credentials know it by. */
  add(name: string, input: ServerInput, place: Place): string
}

/** The text an input stands for. Without a value of its own, the whole of it is one need with the input's name. */
export function templateOf(input: Input, name: string, place: Place, needed: Needed): Template {
  const { value, variables = {}, ...owner } = input
  if (value === undefined) return [{ need: needed.add(name, owner, place) }]
  return splitVariables(value).map((piece) => {
    if (typeof piece === 'string') return piece
    return { need: needed.add(piece.need, variableOf(owner, variables[piece.need]), place) }
  })
}

/** A variable is as secret and as necessary as what it is part of, unless it says otherwise itself. */
function variableOf(owner: ServerInput, variable: ServerInput = {}): ServerInput {
  const { isSecret = false, isRequired = false, description } = owner
  return {
    isSecret,
    ...(description !== undefined && { description }),
    ...variable,
    isRequired: isRequired || variable.isRequired === true,
  }
}

function splitVariables(text: string): Template {
  const parts = text.split(/\{([A-Za-z_][\w.-]*)\}/)
  // `split` answers with the texts between at even places, and with what was captured at odd ones.
  return parts.map((part, index) => (index % 2 === 0 ? part : { need: part })).filter((piece) => piece !== '')
}

/** The text with values put in, or undefined when one of them is missing. */
export function fillTemplate(
  template: Template,
  lookUp: (need: string) => string | undefined,
): string | undefined {
  const pieces = template.map((piece) => (typeof piece === 'string' ? piece : lookUp(piece.need)))
  return pieces.includes(undefined) ? undefined : pieces.join('')
}

/** For people: needs stand there as `{NAME}`. */
export function showTemplate(template: Template): string {
  return template.map((piece) => (typeof piece === 'string' ? piece : `{${piece.need}}`)).join('')
}
