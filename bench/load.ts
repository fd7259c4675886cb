/** The load generator, a process of its own: takes a job over IPC, answers with its figures or with what went wrong. */
import { type BridgeJob, measureBridge } from './bridge-load.ts'
import { type Connection, openConnection, postBytes } from './http-messages.ts'
import { type Figures, measureCalls } from './measure-calls.ts'
import { type Era, FIRST_ID, GREETING, rpcBody, rpcHeaders } from './rpc-requests.ts'
import { ASKS } from './scenarios.ts'
import type { Target } from './targets.ts'

export interface HttpJob {
  kind: 'http'
  target: Target
  era: Era
  token: string
  ask: keyof typeof ASKS
  callers: number
  seconds: number
}

/** By target and caller. A session outlives the connection it began on, and so the rounds. */
const sessions = new Map<string, Promise<string | undefined>>()

async function measureHttp(job: HttpJob): Promise<Figures> {
  const url = new URL(job.target.url)
  const connections = await Promise.all(Array.from({ length: job.callers }, () => openConnection(url)))
  const calls = await Promise.all(connections.map((connection, index) => prepareCall(job, connection, index)))
  const figures = await measureCalls(calls, job.seconds, job.target.pid)
  for (const connection of connections) connection.close()
  return figures
}

async function prepareCall(
  job: HttpJob,
  connection: Connection,
  index: number,
): Promise<() => Promise<void>> {
  const { target, era, token } = job
  const { method, marker, leastBytes, ...ask } = ASKS[job.ask]
  const key = `${target.name} ${index}`
  if (!sessions.has(key)) sessions.set(key, beginSession(job))
  const params = ask.params(target.prefix)
  const headers = rpcHeaders(era, token, method, params, await sessions.get(key))
  const request = postBytes(new URL(target.url), headers, rpcBody(era, FIRST_ID, method, params))
  const idPlace = request.indexOf(String(FIRST_ID))
  let id = FIRST_ID
  return async () => {
    request.write(String(++id), idPlace, 'latin1')
    const { head, body } = await connection.ask(request)
    const isRight =
      body.length >= leastBytes && body.includes(`"id":${id}`) && body.lastIndexOf(marker) !== -1
    if (!isRight) throw new Error(`${target.name} answered wrongly: ${head}\n${body.subarray(0, 500)}`)
  }
}

/** Not measured, so an ordinary client may do it. */
async function beginSession({ target, era, token }: HttpJob): Promise<string | undefined> {
  if (era === 'modern') return undefined
  const post = async (id: number | undefined, method: string, params: object, sessionId?: string) => {
    const headers = rpcHeaders(era, token, method, {}, sessionId)
    const body = rpcBody(era, id, method, { ...params })
    const response = await fetch(target.url, { method: 'POST', headers, body })
    if (!response.ok) throw new Error(`${target.name} refused "${method}": ${await response.text()}`)
    await response.bytes()
    return response.headers.get('mcp-session-id') ?? undefined
  }
  const { method, params } = GREETING[era]
  const sessionId = await post(FIRST_ID, method, params)
  await post(undefined, 'notifications/initialized', {}, sessionId)
  return sessionId
}

process.once('disconnect', () => process.exit())
process.on('message', async (job: HttpJob | BridgeJob) => {
  try {
    process.send?.({ figures: await (job.kind === 'http' ? measureHttp(job) : measureBridge(job)) })
  } catch (error) {
    process.send?.({ problem: String(error) })
  }
})
