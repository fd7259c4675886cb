/**
 * The tool loop with OpenAI's SDK, in both of its APIs:
 *
 *   node tool-loop.ts chat|responses "What is 2 + 40?"
 *
 * MCPGW_WORKSPACE and MCPGW_TOKEN say where the tools are, OPENAI_API_KEY and OPENAI_MODEL which model uses them.
 */
import OpenAI from 'openai'
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import type { ResponseInputItem } from 'openai/resources/responses/responses'

const { MCPGW_WORKSPACE, MCPGW_TOKEN, OPENAI_MODEL: model = 'gpt-5.1' } = process.env
const [api = 'chat', question = 'What is 2 + 40?'] = process.argv.slice(2)
const MAX_TURNS = 20
const openai = new OpenAI()

const answer = api === 'responses' ? await askInResponses() : await askInChat()
process.stdout.write(`${answer}\n`)

async function askInChat(): Promise<string | null> {
  const { tools } = await workspace('tools?format=chat')
  const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: question }]
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const { choices } = await openai.chat.completions.create({ model, messages, tools })
    const message = choices[0]?.message
    if (!message?.tool_calls?.length) return message?.content ?? null
    // All calls at once; each result comes back in its place, errors too.
    const results = await workspace('calls', { tool_calls: message.tool_calls })
    messages.push(message, ...results.messages)
  }
  throw new Error(`No answer within ${MAX_TURNS} turns.`)
}

async function askInResponses(): Promise<string> {
  const { tools } = await workspace('tools?format=responses')
  const input: ResponseInputItem[] = [{ role: 'user', content: question }]
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const { output, output_text } = await openai.responses.create({ model, input, tools })
    if (!output.some(({ type }) => type === 'function_call')) return output_text
    const results = await workspace('calls', { output })
    // The casts of the SDK's own examples: what came out may go in again.
    input.push(...(output as ResponseInputItem[]), ...results.input)
  }
  throw new Error(`No answer within ${MAX_TURNS} turns.`)
}

// biome-ignore lint/suspicious/noExplicitAny: what the workspace answers is what the SDK takes.
async function workspace(path: string, body?: object): Promise<any> {
  const response = await fetch(`${MCPGW_WORKSPACE}/openai/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${MCPGW_TOKEN}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(await response.text())
  return response.json()
}
