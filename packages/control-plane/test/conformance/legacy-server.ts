/** An MCP server of the revisions up to 2025-11-25, with sessions, that offers what the official server scenarios call. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type {
  JSONRPCMessage,
  LoggingLevel,
  ServerNotification,
  ServerRequest,
} from '@modelcontextprotocol/sdk/types.js'
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListRootsResultSchema,
  ListToolsRequestSchema,
  LoggingLevelSchema,
  McpError,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type { ToolAnswer } from './content-samples.ts'
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
import type { Answers, Conversation, Question } from './conversations.ts'
import { askingPrompt, capabilityFor, conversations, readAnswer } from './conversations.ts'
import { serveOnLoopback } from './serve-on-loopback.ts'

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>
type Arguments = Record<string, unknown>
type Session = { server: Server; transport: StreamableHTTPServerTransport; logLevel: LoggingLevel }

const sessions = new Map<string, Session>()
const listed = { changingTool: false, changingPrompt: false }
serveOnLoopback((request, response) => void handle(request, response))

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sessionId = request.headers['mcp-session-id']
  if (sessionId === undefined) return startSession(request, response)
  const session = sessions.get(String(sessionId))
  if (session !== undefined) return session.transport.handleRequest(request, response)
  const error = { code: -32001, message: 'Session not found' }
  response.writeHead(404, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error }))
}

/** A request without a session opens one if it is `initialize`; the transport itself refuses any other. */
async function startSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: createEventStore(),
    retryInterval: 100,
    onsessioninitialized: (id) => void sessions.set(id, session),
    onsessionclosed: (id) => void sessions.delete(id),
  })
  const session: Session = { server: createServer(), transport, logLevel: 'debug' }
  serveTools(session)
  serveLogging(session)
  servePrompts(session.server)
  serveResources(session.server)
  // The cast only concerns `exactOptionalPropertyTypes`, which the SDK's own declarations do not follow.
  await session.server.connect(transport as Parameters<Server['connect']>[0])
  await transport.handleRequest(request, response)
  if (transport.sessionId === undefined) await session.server.close()
}

function createServer(): Server {
  const capabilities = {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true },
    completions: {},
    logging: {},
  }
  return new Server({ name: 'conformance-legacy', version: '1.0.0' }, { capabilities })
}

function serveTools(session: Session): void {
  session.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: listedTools() }))
  session.server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) =>
    callTool(session, params.name, params.arguments ?? {}, extra),
  )
}

function listedTools() {
  const simple = listed.changingTool ? [...simpleTools, changingTool] : simpleTools
  const all = [...simple, ...conversations, ...Object.values(activeTools)]
  return all.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }))
}

async function callTool(session: Session, name: string, args: Arguments, extra: Extra): Promise<ToolAnswer> {
  const simple = [...simpleTools, changingTool].find((tool) => tool.name === name)
  if (simple !== undefined) return simple.answer(args)
  const conversation = conversations.find((tool) => tool.name === name)
  if (conversation !== undefined) return answerConversation(session.server, conversation, args, extra)
  switch (name) {
    case activeTools.progress.name:
      return reportProgress(extra)
    case activeTools.logging.name:
      return writeLog(session, logMessages, extra)
    case activeTools.quietLogging.name:
      return writeLog(session, logMessages.slice(0, 1), extra)
    case activeTools.reconnection.name:
      return closeStreamThenAnswer(extra)
    case activeTools.changeTools.name:
      return changeTools()
    case activeTools.changePrompts.name:
      return changePrompts()
    default:
      throw new McpError(ErrorCode.InvalidParams, `No tool named "${name}".`)
  }
}

async function answerConversation(
  server: Server,
  conversation: Conversation,
  args: Arguments,
  extra: Extra,
): Promise<ToolAnswer> {
  try {
    return { content: [text(await converse(server, conversation, args, extra))] }
  } catch (error) {
    return { content: [text(error instanceof Error ? error.message : String(error))], isError: true }
  }
}

async function converse(
  server: Server,
  conversation: Conversation,
  args: Arguments,
  extra: Extra,
): Promise<string> {
  const capabilities = { ...server.getClientCapabilities() }
  const answers: Answers = {}
  for (const questions of conversation.rounds({ args, capabilities })) {
    for (const [key, question] of Object.entries(questions)) {
      const needed = capabilityFor(question)
      if (!(needed in capabilities)) throw new Error(`The client did not declare "${needed}".`)
      const answer = readAnswer(question, await sendQuestion(question, extra))
      if (answer === undefined) throw new Error(`The client's answer to "${key}" cannot be read.`)
      answers[key] = answer
    }
  }
  return conversation.conclude(answers)
}

/** On the stream of the call in whose course it is asked. */
function sendQuestion(question: Question, extra: Extra): Promise<unknown> {
  switch (question.method) {
    case 'elicitation/create':
      return extra.sendRequest(question, ElicitResultSchema)
    case 'sampling/createMessage':
      return extra.sendRequest(question, CreateMessageResultSchema)
    case 'roots/list':
      return extra.sendRequest(question, ListRootsResultSchema)
  }
}

async function reportProgress(extra: Extra): Promise<ToolAnswer> {
  const progressToken = extra._meta?.progressToken
  for (const progress of progressSteps) {
    if (progressToken !== undefined) {
      await extra.sendNotification({
        method: 'notifications/progress',
        params: { progressToken, progress, total: 100 },
      })
    }
    await pause(pauseMs)
  }
  return { content: [text('Done, with progress.')] }
}

async function writeLog({ logLevel }: Session, messages: string[], extra: Extra): Promise<ToolAnswer> {
  const severities = LoggingLevelSchema.options
  const isWanted = severities.indexOf('info') >= severities.indexOf(logLevel)
  for (const data of messages) {
    if (isWanted)
      await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data } })
    await pause(pauseMs)
  }
  return { content: [text('Done, with log messages.')] }
}

async function closeStreamThenAnswer(extra: Extra): Promise<ToolAnswer> {
  extra.closeSSEStream?.()
  await pause(pauseMs)
  return { content: [text('Answered after the stream was closed.')] }
}

async function changeTools(): Promise<ToolAnswer> {
  listed.changingTool = !listed.changingTool
  await Promise.all([...sessions.values()].map(({ server }) => server.sendToolListChanged()))
  return { content: [text('The list of tools has changed.')] }
}

async function changePrompts(): Promise<ToolAnswer> {
  listed.changingPrompt = !listed.changingPrompt
  await Promise.all([...sessions.values()].map(({ server }) => server.sendPromptListChanged()))
  return { content: [text('The list of prompts has changed.')] }
}

function serveLogging(session: Session): void {
  session.server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
    session.logLevel = params.level
    return {}
  })
}

function servePrompts(server: Server): void {
  server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts: listedPrompts() }))
  server.setRequestHandler(GetPromptRequestSchema, async ({ params }, extra) => {
    if (params.name === askingPrompt.name) return answerAskingPrompt(server, extra)
    const prompt = getPrompt(params.name, params.arguments ?? {})
    if (prompt === undefined) throw new McpError(ErrorCode.InvalidParams, `No prompt named "${params.name}".`)
    return prompt
  })
  server.setRequestHandler(CompleteRequestSchema, ({ params }) => complete(params.argument.value))
}

function listedPrompts() {
  const always = [...prompts, askingPrompt]
  const now = listed.changingPrompt ? [...always, changingPrompt] : always
  return now.map(({ name, description, arguments: args }) => ({ name, description, arguments: args }))
}

async function answerAskingPrompt(server: Server, extra: Extra) {
  const answer = await converse(server, askingPrompt, {}, extra)
  return { messages: [{ role: 'user' as const, content: text(answer) }] }
}

function serveResources(server: Server): void {
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources }))
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates }))
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => {
    const resource = readResource(params.uri)
    if (resource === undefined) throw new McpError(-32002, 'Resource not found', { uri: params.uri })
    return { contents: [resource] }
  })
  // Nothing here ever changes, so there is nothing to remember about who subscribed.
  server.setRequestHandler(SubscribeRequestSchema, () => ({}))
  server.setRequestHandler(UnsubscribeRequestSchema, () => ({}))
}

/** Keeps a session's events so that a client can resume a stream it lost. */
function createEventStore(): EventStore {
  const events: { id: string; streamId: string; message: JSONRPCMessage }[] = []
  return {
    async storeEvent(streamId, message) {
      const id = String(events.length)
      events.push({ id, streamId, message })
      return id
    },
    async getStreamIdForEventId(eventId) {
      return events[Number(eventId)]?.streamId
    },
    async replayEventsAfter(lastEventId, { send }) {
      const streamId = events[Number(lastEventId)]?.streamId ?? ''
      const missed = events.slice(Number(lastEventId) + 1).filter((event) => event.streamId === streamId)
      for (const { id, message } of missed) await send(id, message)
      return streamId
    },
  }
}
