/** An MCP server of revision 2026-07-28 that offers what the official server scenarios call. */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { toNodeHandler } from '@modelcontextprotocol/node'
import type { InputRequiredResult, ServerContext } from '@modelcontextprotocol/server'
import {
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { SimpleTool, ToolAnswer, ToolDescription } from './content-samples.ts'
import {
  activeTools,
  changingPrompt,
  changingTool,
  complete,
  getPrompt,
  logMessages,
  pauseMs,
  progressSteps,
  prompts,
  readResource,
  resources,
  resourceTemplates,
  simpleTools,
  text,
} from './content-samples.ts'
import type { Answers, Conversation } from './conversations.ts'
import { askingPrompt, conversations, readAnswer } from './conversations.ts'
import { serveOnLoopback } from './serve-on-loopback.ts'

type Progress = { round: number; answers: Answers }
type Arguments = Record<string, unknown>

const envelopeSchema = z.looseObject({ [CLIENT_CAPABILITIES_META_KEY]: z.record(z.string(), z.unknown()) })

const states = createRequestStateCodec<Progress>({
  key: randomBytes(32),
  bind: (context) => context.mcpReq.method,
})
const listed = { changingTool: false, changingPrompt: false }
const handler = createMcpHandler(createServer, { legacy: 'reject' })
const handle = toNodeHandler(handler)
// The cast only concerns `exactOptionalPropertyTypes`, which the SDK's own declarations do not follow.
serveOnLoopback((request, response) => void handle(request as Parameters<typeof handle>[0], response))

function createServer(): McpServer {
  const server = new McpServer(
    { name: 'conformance-modern', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true },
        completions: {},
        logging: {},
      },
      requestState: { verify: states.verify },
      // Short, and public: a gateway that filters this list by token must not call its own list public.
      cacheHints: { 'tools/list': { ttlMs: 1_000, cacheScope: 'public' } },
    },
  )
  registerTools(server)
  servePrompts(server)
  serveResources(server)
  return server
}

function registerTools(server: McpServer): void {
  for (const tool of simpleTools) registerSimpleTool(server, tool)
  if (listed.changingTool) registerSimpleTool(server, changingTool)
  for (const tool of conversations) {
    register(server, tool, async (args, context) => {
      const outcome = await converse(tool, args, context)
      return typeof outcome === 'string' ? { content: [text(outcome)] } : outcome
    })
  }
  register(server, activeTools.progress, (_args, context) => reportProgress(context))
  register(server, activeTools.logging, (_args, context) => writeLog(context, logMessages))
  register(server, activeTools.quietLogging, (_args, context) => writeLog(context, logMessages.slice(0, 1)))
  register(server, activeTools.reconnection, async () => ({
    content: [text('Streams are not resumed in this revision.')],
  }))
  register(server, activeTools.changeTools, async () => changeTools())
  register(server, activeTools.changePrompts, async () => changePrompts())
}

function registerSimpleTool(server: McpServer, tool: SimpleTool): void {
  register(server, tool, async (args) => tool.answer(args))
}

function register(
  server: McpServer,
  { name, description, inputSchema }: ToolDescription,
  call: (args: Arguments, context: ServerContext) => Promise<ToolAnswer | InputRequiredResult>,
): void {
  server.registerTool(name, { description, inputSchema: fromJsonSchema<Arguments>(inputSchema) }, call)
}

/** Asks the next round of questions, or concludes when every round is answered. */
async function converse(
  conversation: Conversation,
  args: Arguments,
  context: ServerContext,
): Promise<string | InputRequiredResult> {
  const capabilities = envelopeSchema.parse(context.mcpReq.envelope)[CLIENT_CAPABILITIES_META_KEY]
  const rounds = conversation.rounds({ args, capabilities })
  let { round, answers } = context.mcpReq.requestState<Progress>() ?? { round: 0, answers: {} }
  const questions = rounds[round] ?? {}
  for (const [key, question] of Object.entries(questions)) {
    const answer = readAnswer(question, context.mcpReq.inputResponses?.[key])
    if (answer === undefined) return ask(conversation, rounds, { round, answers }, context)
    answers = { ...answers, [key]: answer }
  }
  round += 1
  return round < rounds.length
    ? ask(conversation, rounds, { round, answers }, context)
    : conversation.conclude(answers)
}

async function ask(
  conversation: Conversation,
  rounds: ReturnType<Conversation['rounds']>,
  progress: Progress,
  context: ServerContext,
): Promise<InputRequiredResult> {
  const inputRequests = rounds[progress.round] ?? {}
  if (!conversation.sealed) return inputRequired({ inputRequests })
  return inputRequired({ inputRequests, requestState: await states.mint(progress, context) })
}

async function reportProgress(context: ServerContext): Promise<ToolAnswer> {
  const progressToken = context.mcpReq._meta?.progressToken
  for (const progress of progressSteps) {
    if (progressToken !== undefined) {
      await context.mcpReq.notify({
        method: 'notifications/progress',
        params: { progressToken, progress, total: 100 },
      })
    }
    await pause(pauseMs)
  }
  return { content: [text('Done, with progress.')] }
}

async function writeLog(context: ServerContext, messages: string[]): Promise<ToolAnswer> {
  for (const message of messages) {
    await context.mcpReq.log('info', message)
    await pause(pauseMs)
  }
  return { content: [text('Done, with log messages.')] }
}

function changeTools(): ToolAnswer {
  listed.changingTool = !listed.changingTool
  handler.notify.toolsChanged()
  return { content: [text('The list of tools has changed.')] }
}

function changePrompts(): ToolAnswer {
  listed.changingPrompt = !listed.changingPrompt
  handler.notify.promptsChanged()
  return { content: [text('The list of prompts has changed.')] }
}

function servePrompts({ server }: McpServer): void {
  server.setRequestHandler('prompts/list', () => ({ prompts: listedPrompts() }))
  server.setRequestHandler('prompts/get', async ({ params }, context) => {
    if (params.name === askingPrompt.name) return answerAskingPrompt(context)
    const prompt = getPrompt(params.name, params.arguments ?? {})
    if (prompt === undefined)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `No prompt named "${params.name}".`)
    return prompt
  })
  server.setRequestHandler('completion/complete', ({ params }) => complete(params.argument.value))
}

async function answerAskingPrompt(context: ServerContext) {
  const outcome = await converse(askingPrompt, {}, context)
  if (typeof outcome !== 'string') return outcome
  return { messages: [{ role: 'user' as const, content: text(outcome) }] }
}

function listedPrompts() {
  const always = [...prompts, askingPrompt]
  const now = listed.changingPrompt ? [...always, changingPrompt] : always
  return now.map(({ name, description, arguments: args }) => ({ name, description, arguments: args }))
}

function serveResources({ server }: McpServer): void {
  server.setRequestHandler('resources/list', () => ({ resources }))
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates }))
  server.setRequestHandler('resources/read', ({ params }) => {
    const resource = readResource(params.uri)
    if (resource === undefined) throw new ResourceNotFoundError(params.uri)
    return { contents: [resource] }
  })
}
