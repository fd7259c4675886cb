// The thread in which a document is read. It is told everything at its start and answers once; see api-reader.ts.
import { parentPort, workerData } from 'node:worker_threads'
import { asGatewayError } from '../model/error.ts'
import type { WorkerAnswer } from './api-reader.ts'
import { readApi } from './read-api.ts'
import type { OperationChoice } from './selection.ts'

// What `readInThread` hands over.
const { text, choice } = workerData as { text: string; choice: OperationChoice | undefined }

parentPort?.postMessage(answer())

function answer(): WorkerAnswer {
  try {
    return { reading: readApi(text, choice) }
  } catch (error) {
    if (error instanceof RangeError) return { refused: TOO_DEEP }
    const { code, message, fix } = asGatewayError(error)
    if (code === 'internal') throw error
    return { refused: { code, message, fix } }
  }
}

/** The stack overflowed, which YAML's nesting can make it do before anything of ours sees the document. */
const TOO_DEEP = {
  code: 'too_large',
  message: 'The document is nested too deeply.',
  fix: 'Cut it to the part of the API that you need.',
} as const
