import { z } from 'zod'
import { GatewayError } from '../../model/error.ts'
import { raiseLimit } from '../../model/limits.ts'
import type { OpenAiDoorContext } from './door-context.ts'
import { FORMATS } from './formats/all.ts'
import type { Format, FunctionCall } from './formats/format.ts'
import { jsonObject, read } from './formats/read.ts'

/** What a body asks for. */
export interface AskedCalls {
  format: Format
  calls: FunctionCall[]
  /** By the id of the call: what the application answers to what a server asked the last time. */
  inputs: ReadonlyMap<string, InputAnswer>
}

const inputAnswer = z.object({
  requestState: z.string().optional(),
  inputResponses: jsonObject.optional(),
})
export type InputAnswer = z.infer<typeof inputAnswer>

const inputAnswers = z.record(z.string(), inputAnswer)

/** Reads the calls of a body in whatever format it is. Throws `invalid_request` or `too_large`. */
export function readCalls(value: unknown, { limits }: Pick<OpenAiDoorContext, 'limits'>): AskedCalls {
  // The items of a response may come without the response around them.
  const body = read(jsonObject, Array.isArray(value) ? { output: value } : value, 'body')
  const inputs = readInputs(body.input_responses)
  for (const format of FORMATS) {
    const calls = format.calls(body)
    if (calls === undefined) continue
    requireFew(calls, limits['calls-per-request'])
    return { format, calls, inputs }
  }
  throw new GatewayError('invalid_request', 'The body has no calls.', {
    fix: 'Send what the model answered: "tool_calls" of Chat Completions, "output" of Responses, "content" of Anthropic Messages, or "parts" of Gemini.',
  })
}

function readInputs(given: unknown): AskedCalls['inputs'] {
  return given === undefined ? NONE : new Map(Object.entries(read(inputAnswers, given, 'input_responses')))
}

const NONE = new Map()

function requireFew(calls: readonly FunctionCall[], max: number): void {
  if (calls.length <= max) return
  throw new GatewayError('too_large', `The body has ${calls.length} calls, more than ${max}.`, {
    fix: `Send them in several requests. ${raiseLimit('calls-per-request')}`,
  })
}
