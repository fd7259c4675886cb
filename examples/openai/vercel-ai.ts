/**
 * The same with the Vercel AI SDK, which runs the loop itself:
 *
 *   node vercel-ai.ts "What is 2 + 40?"
 *
 * MCPGW_WORKSPACE and MCPGW_TOKEN say where the tools are, OPENAI_API_KEY and OPENAI_MODEL which model uses them.
 */
import { createOpenAI } from '@ai-sdk/openai'
import { dynamicTool, generateText, isStepCount, type JSONSchema7, jsonSchema } from 'ai'

const { MCPGW_WORKSPACE, MCPGW_TOKEN, OPENAI_BASE_URL, OPENAI_MODEL = 'gpt-5.1' } = process.env
const [question = 'What is 2 + 40?'] = process.argv.slice(2)
const openai = createOpenAI({ ...(OPENAI_BASE_URL !== undefined && { baseURL: OPENAI_BASE_URL }) })

interface ListedTool {
  function: { name: string; description?: string; parameters: JSONSchema7 }
}

const { tools } = (await workspace('tools?format=chat')) as { tools: ListedTool[] }
const { text } = await generateText({
  model: openai.chat(OPENAI_MODEL),
  prompt: question,
  stopWhen: isStepCount(20),
  tools: Object.fromEntries(tools.map(({ function: listed }) => [listed.name, toolFrom(listed)])),
})
process.stdout.write(`${text}\n`)

function toolFrom({ name, description = '', parameters }: ListedTool['function']) {
  return dynamicTool({
    description,
    inputSchema: jsonSchema(parameters),
    async execute(input, { toolCallId }) {
      const made = { name, arguments: JSON.stringify(input) }
      const { messages } = (await workspace('calls', {
        tool_calls: [{ id: toolCallId, type: 'function', function: made }],
      })) as { messages: { content: string }[] }
      return messages[0]?.content
    },
  })
}

async function workspace(path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${MCPGW_WORKSPACE}/openai/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${MCPGW_TOKEN}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(await response.text())
  return response.json()
}
