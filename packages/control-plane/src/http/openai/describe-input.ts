import type { FunctionCall } from './formats/format.ts'

interface Question {
  method?: unknown
  params?: { mode?: unknown; message?: unknown; url?: unknown; requestedSchema?: unknown }
}

/**
 * What a model is told of a call that waits for input: what is asked, and that it is the user who is. It must not answer
 * itself: servers ask so for what nobody but the user may decide.
 */
export function describeInput({ name }: FunctionCall, { inputRequests }: Record<string, unknown>): string {
  // Checked by the gateway's own translation, or a server's: a wrong one is told as it is.
  const questions = Object.entries((inputRequests ?? {}) as Record<string, Question>)
  return [
    `"${name}" is not done yet: its server needs input from the user.`,
    ...questions.map(([key, question]) => `- ${key}: ${describe(question)}`),
    'Ask the user. The application sends the same call again with the answers in "input_responses".',
  ].join('\n')
}

function describe({ method, params = {} }: Question): string {
  const { mode, message = '', url, requestedSchema } = params
  if (method !== 'elicitation/create') return JSON.stringify({ method, params })
  if (mode === 'url') return `${String(message)} The user has to open ${String(url)}.`
  return `${String(message)} The answer has to fit ${JSON.stringify(requestedSchema)}.`
}
