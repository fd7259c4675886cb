import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { CommandFailed, EXIT } from './command-failed.ts'
import type { AdminIo } from './terminal.ts'

/** Asks for each name's value: on a terminal without echo, otherwise from stdin. */
export async function askValues(
  { stdin, stderr }: AdminIo,
  names: string[],
): Promise<Record<string, string>> {
  if (stdin.isTTY === true) return askOnTerminal({ stdin, stderr }, names)
  return valuesFrom(await text(stdin), names)
}

/** A single value is all of stdin, so that it may have several lines; of many, each has one line. */
function valuesFrom(input: string, names: string[]): Record<string, string> {
  const values = names.length === 1 ? [input.replace(/\r?\n$/, '')] : input.split(/\r?\n/)
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
}

async function askOnTerminal({ stdin, stderr }: Pick<AdminIo, 'stdin' | 'stderr'>, names: string[]) {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: silent, terminal: true, historySize: 0 })
  lines.on('SIGINT', () => lines.close())
  const values: Record<string, string> = {}
  try {
    const answers = lines[Symbol.asyncIterator]()
    for (const name of names) {
      stderr.write(`${name}: `)
      const { value, done } = await answers.next()
      stderr.write('\n')
      if (done === true) throw new CommandFailed(EXIT.failed, 'Interrupted: nothing was set.')
      values[name] = value
    }
  } finally {
    lines.close()
  }
  return values
}
