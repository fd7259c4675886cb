import { once } from 'node:events'
import { extname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import {
  CamelCasePlugin,
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { GatewayError } from '../model/error.ts'
import type { Tables } from './tables.ts'

const CLOSE_WITHIN_MS = 2_000
/** TypeScript in a checkout, JavaScript as built. */
const THREAD = new URL(`./sqlite-reader-worker${extname(import.meta.filename)}`, import.meta.url)

/**
 * Reads a SQLite file in a thread of its own: `node:sqlite` waits for each answer, and a question that takes it 100 ms would
 * hold up every call for as long. The thread starts with the first question; when it breaks, what it was asked fails and
 * the next question starts another.
 */
export function openSqliteReader(path: string): Kysely<Tables> {
  const thread = new ReaderThread(path)
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new ReaderDriver(thread),
      createIntrospector: (database) => new SqliteIntrospector(database),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
    plugins: [new CamelCasePlugin()],
  })
}

type Answer = { id: number; columns: string[]; rows: unknown[][] } | { id: number; error: unknown }

interface Question {
  resolve(rows: Record<string, unknown>[]): void
  reject(error: unknown): void
}

class ReaderThread {
  readonly #path: string
  readonly #waiting = new Map<number, Question>()
  #worker: Worker | undefined
  #lastId = 0

  constructor(path: string) {
    this.#path = path
  }

  ask(sql: string, parameters: readonly unknown[]): Promise<Record<string, unknown>[]> {
    this.#worker ??= this.#start()
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>[]>()
    this.#waiting.set(id, { resolve, reject })
    // It keeps the process alive for as long as somebody waits for it.
    this.#worker.ref()
    this.#worker.postMessage({ id, sql, parameters })
    return promise
  }

  #start(): Worker {
    const worker = new Worker(THREAD, {
      workerData: { path: this.#path },
      name: 'sqlite reader',
    })
    worker.on('message', (answer: Answer) => this.#answer(answer))
    worker.on('error', (error) => this.#lose(worker, error))
    worker.on('exit', () => this.#lose(worker, undefined))
    return worker
  }

  #answer(answer: Answer): void {
    const question = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (this.#waiting.size === 0) this.#worker?.unref()
    if ('error' in answer) question?.reject(answer.error)
    else question?.resolve(asObjects(answer))
  }

  #lose(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const questions = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of questions) reject(broken(cause))
  }

  async close(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    const ended = once(worker, 'exit')
    worker.ref()
    worker.postMessage('close')
    await Promise.race([ended, delay(CLOSE_WITHIN_MS, undefined, { ref: false })])
    await worker.terminate()
  }
}

function asObjects({ columns, rows }: { columns: string[]; rows: unknown[][] }): Record<string, unknown>[] {
  return rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])))
}

function broken(cause: unknown): GatewayError {
  return new GatewayError('unavailable', 'The database stopped answering while it was read.', {
    cause,
    fix: 'Try again. When it stays so, look at the disk and at the log of the gateway.',
  })
}

class ReaderDriver implements Driver {
  readonly #thread: ReaderThread

  constructor(thread: ReaderThread) {
    this.#thread = thread
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return {
      executeQuery: async <R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> => ({
        // What the columns of a query are, Kysely's types say.
        rows: (await this.#thread.ask(sql, parameters)) as R[],
      }),
      streamQuery: readsOnly,
    }
  }

  async releaseConnection(): Promise<void> {}
  beginTransaction = readsOnly
  commitTransaction = readsOnly
  rollbackTransaction = readsOnly

  destroy(): Promise<void> {
    return this.#thread.close()
  }
}

function readsOnly(): never {
  throw new Error('The reader answers single questions only.')
}
