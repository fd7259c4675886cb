import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type ErrorCode, GatewayError } from '../model/error.ts'
import type { ApiReading } from './read-api.ts'
import type { OperationChoice } from './selection.ts'

/** 3 MB of dense YAML take some 8 s of a core and 1 GB; JSON takes a tenth of both. */
const TIME_LIMIT_MS = 60_000
const MAX_MEMORY_MIB = 1_024
/** Documents are read when somebody adds a server, and each takes a core. */
const MAX_READING = 2
/** TypeScript in a checkout, JavaScript as built. */
const THREAD = new URL(`./api-reader-worker${extname(import.meta.filename)}`, import.meta.url)

/** Reads documents; see `readApi`. */
export type ApiReader = (text: string, choice: OperationChoice | undefined) => Promise<ApiReading>

export type WorkerAnswer =
  | { reading: ApiReading }
  | { refused: { code: ErrorCode; message: string; fix: string | undefined } }

/**
 * Reads documents in a thread of their own, within a limit of time and memory: whatever a document is made of, calls go
 * on. Rejects with GatewayError; `too_many` while others are being read.
 */
export function createApiReader(): ApiReader {
  let reading = 0
  return async (text, choice) => {
    if (reading >= MAX_READING) {
      throw new GatewayError('too_many', 'Other documents are being read.', { fix: 'Try again in a moment.' })
    }
    reading++
    try {
      return await readInThread(text, choice)
    } finally {
      reading--
    }
  }
}

async function readInThread(text: string, choice: OperationChoice | undefined): Promise<ApiReading> {
  const worker = new Worker(THREAD, {
    workerData: { text, choice },
    name: 'OpenAPI reader',
    resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MIB },
  })
  const { promise, resolve, reject } = Promise.withResolvers<WorkerAnswer>()
  worker.once('message', resolve)
  worker.once('error', (cause) => reject(unreadable(cause)))
  worker.once('exit', () => reject(unreadable(undefined)))
  const timer = setTimeout(() => reject(unreadable(undefined)), TIME_LIMIT_MS)
  try {
    const answer = await promise
    if ('reading' in answer) return answer.reading
    const { code, message, fix } = answer.refused
    throw new GatewayError(code, message, fix === undefined ? {} : { fix })
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}

function unreadable(cause: unknown): GatewayError {
  return new GatewayError('too_large', 'The document takes too much time or memory to read.', {
    cause,
    fix: 'Cut it to the part of the API that you need.',
  })
}
