import { BridgeError } from '../bridge-error.ts'
import { asObject, asString, type JsonObject } from '../json-object.ts'
import type { Console } from '../terminal/console.ts'
import { openPrompts, type PromptStreams, type Prompts } from '../terminal/prompts.ts'
import { argumentsOf, argumentWords, type ToolArgument, typesOf, typeWords } from './argument-schema.ts'
import type { WorkspaceTool } from './workspace-tools.ts'

/**
 * Asks the person at the terminal what a server wants to know, one question after the other. Leaving one (Ctrl-C)
 * tells the server so. Without a terminal it throws `input_needed`, with the questions.
 */
export async function answerQuestions(options: {
  questions: JsonObject
  tool: WorkspaceTool
  console: Console
  streams: PromptStreams
}): Promise<JsonObject> {
  const { questions, tool, console, streams } = options
  const entries = Object.entries(questions).map(([key, value]) => [key, asObject(value) ?? {}] as const)
  const stranger = entries.find(([, question]) => question.method !== 'elicitation/create')?.[1]
  if (stranger !== undefined) throw needsMore(tool, `an AI client (${asString(stranger.method)})`)
  const asked = entries.map(([key, question]) => [key, asObject(question.params) ?? {}] as const)
  if (!console.isInteractive)
    throw nobodyThere(
      tool,
      asked.map(([, params]) => inWords(params)),
    )

  const prompts = await openPrompts(streams)
  const answers: Record<string, unknown> = {}
  for (const [key, params] of asked) {
    console.say(`The server "${tool.server}" asks: ${asString(params.message) ?? ''}`)
    answers[key] = await askOne(params, prompts, console)
  }
  return answers
}

async function askOne(params: JsonObject, prompts: Prompts, console: Console): Promise<JsonObject> {
  if (params.mode === 'url') {
    console.say(`It wants you to open ${asString(params.url) ?? '(no address)'}`)
    return decision(await prompts.confirm('Do you agree? Open the address in your browser first.'))
  }
  const fields = argumentsOf({ inputSchema: params.requestedSchema })
  if (fields.length === 0) return decision(await prompts.confirm('Do you agree?'))
  const content: Record<string, unknown> = {}
  for (const field of fields) {
    const value = await askField(field, prompts)
    if (value === prompts.left) return { action: 'cancel' }
    if (value !== undefined) content[field.name] = value
  }
  return { action: 'accept', content }
}

function decision(agreed: boolean | symbol): JsonObject {
  if (typeof agreed === 'symbol') return { action: 'cancel' }
  return { action: agreed ? 'accept' : 'decline' }
}

function askField(field: ToolArgument, prompts: Prompts): Promise<unknown> {
  const { name, schema, isRequired } = field
  const words = argumentWords(field)
  const question = `${words === '' ? name : `${name}: ${words}`}${isRequired ? '' : ' (optional)'}`
  const choices = choicesOf(schema)
  if (choices.length > 0) return prompts.select(question, choices)
  const items = choicesOf(asObject(schema.items) ?? {})
  if (items.length > 0) return prompts.selectSome(question, items, isRequired)
  const [type = 'string'] = typesOf(schema)
  if (type === 'boolean') return prompts.confirm(question)
  const isNumber = type === 'number' || type === 'integer'
  return prompts.text(question, {
    check: (text) => complaint(text, { isRequired, isNumber, isWhole: type === 'integer' }),
    read: (text) => (text === '' && !isRequired ? undefined : isNumber ? Number(text) : text),
  })
}

function complaint(
  text: string,
  { isRequired, isNumber, isWhole }: { isRequired: boolean; isNumber: boolean; isWhole: boolean },
): string | undefined {
  if (text === '') return isRequired ? 'An answer is needed.' : undefined
  if (isNumber && !Number.isFinite(Number(text))) return 'A number is needed.'
  return isWhole && !Number.isInteger(Number(text)) ? 'A whole number is needed.' : undefined
}

/** The values to choose from, in each of the ways the revisions write them. */
function choicesOf(schema: JsonObject): { value: string; label: string }[] {
  const titled = [schema.oneOf, schema.anyOf].find(Array.isArray)
  if (titled !== undefined) {
    return titled.flatMap((item) => {
      const value = asString(asObject(item)?.const)
      return value === undefined ? [] : [{ value, label: asString(asObject(item)?.title) ?? value }]
    })
  }
  const names = Array.isArray(schema.enumNames) ? schema.enumNames : []
  const values = Array.isArray(schema.enum) ? schema.enum : []
  return values.map((value, index) => ({ value: String(value), label: String(names[index] ?? value) }))
}

function nobodyThere(tool: WorkspaceTool, questions: string[]): BridgeError {
  return new BridgeError('input_needed', `"${tool.name}" asks: ${questions.join(' ')}`, {
    fix: 'Run the command on a terminal to answer.',
  })
}

function inWords(params: JsonObject): string {
  const message = asString(params.message) ?? ''
  if (params.mode === 'url') return `${message} (open ${asString(params.url)})`
  const fields = argumentsOf({ inputSchema: params.requestedSchema })
  const wanted = fields.map(
    ({ name, schema, isRequired }) => `${name}: ${typeWords(schema)}${isRequired ? '' : ', optional'}`,
  )
  return wanted.length === 0 ? message : `${message} (${wanted.join('; ')})`
}

function needsMore(tool: WorkspaceTool, what: string): BridgeError {
  return new BridgeError('input_needed', `"${tool.name}" needs ${what}.`, {
    fix: 'Call it from an AI client.',
  })
}
