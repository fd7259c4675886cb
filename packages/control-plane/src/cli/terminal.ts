import { z } from 'zod'
import type { AdminAnswer, AdminCall } from './admin-call.ts'
import { CommandFailed, EXIT } from './command-failed.ts'
import { formatCell, formatJson } from './table.ts'

export interface TextSink {
  write(text: string): unknown
}

/** Where the answers to questions come from; a terminal is asked without echo. */
export type TextSource = NodeJS.ReadableStream & { isTTY?: boolean; setRawMode?(raw: boolean): unknown }

export interface AdminIo {
  call: AdminCall
  stdout: NodeJS.WritableStream
  stderr: TextSink
  stdin: TextSource
}

export type Fields = Record<string, unknown>

const fields = z.record(z.string(), z.unknown())
const page = z.looseObject({ items: z.array(fields), nextCursor: z.string().optional() })

/** The admin API and the terminal, as the commands use them. */
export interface Terminal {
  io: AdminIo
  /** Asks the API; on a refusal says why on stderr and ends the command. */
  ask(method: string, path: string, body?: unknown): Promise<unknown>
  askFields(method: string, path: string, body?: unknown): Promise<Fields>
  /** One page of a list. */
  askPage(path: string): Promise<z.output<typeof page>>
  /** Every item of a list, however many pages it has. */
  askAll(path: string): Promise<Fields[]>
  /** A result on stdout: as JSON when asked for, otherwise as text for people. */
  print(options: { json?: boolean }, value: unknown, text: string): void
  /** Something for people beside the result. */
  note(text: string): void
  /** Says what is wrong and ends the command. */
  fail(exitCode: number, message: string): never
}

export function createTerminal(io: AdminIo): Terminal {
  async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await io.call(method, path, body)
    if (answer.status >= 400) refuse(answer)
    return answer.body
  }

  function refuse({ status, body }: AdminAnswer): never {
    const { detail, fix } = problem.parse(body)
    return fail(exitCodeFor(status), fix === undefined ? detail : `${detail}\n${fix}`)
  }

  function fail(exitCode: number, message: string): never {
    note(message)
    throw new CommandFailed(exitCode, message)
  }

  function note(text: string): void {
    for (const line of text.split('\n')) io.stderr.write(`${formatCell(line)}\n`)
  }

  async function askPage(path: string) {
    return page.parse(await ask('GET', path))
  }

  return {
    io,
    ask,
    fail,
    askPage,
    async askFields(method, path, body) {
      return fields.parse(await ask(method, path, body))
    },
    async askAll(path) {
      const items: Fields[] = []
      let cursor: string | undefined
      do {
        const found = await askPage(
          cursor === undefined ? path : `${path}?cursor=${encodeURIComponent(cursor)}`,
        )
        items.push(...found.items)
        cursor = found.nextCursor
      } while (cursor !== undefined)
      return items
    },
    print({ json }, value, text) {
      io.stdout.write(json === true ? `${formatJson(value)}\n` : text)
    },
    note,
  }
}

const problem = z
  .object({ detail: z.string(), fix: z.string().optional() })
  .catch({ detail: 'The gateway gave an answer that cannot be read.' })

function exitCodeFor(status: number): number {
  if (status === 401) return EXIT.loginNeeded
  return status === 400 ? EXIT.wrongUsage : EXIT.failed
}

/** A path below /api/v1 from its parts; each becomes one segment whatever it holds. */
export function pathOf(...parts: string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('')
}
