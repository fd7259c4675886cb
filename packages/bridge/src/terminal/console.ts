import type { BridgeError } from '../bridge-error.ts'
import { printable, printableJson } from './printable.ts'

/**
 * The two channels of a command: results on stdout, everything said to a person on stderr. Whatever is written goes
 * through `printable`, so that no text of a server can command the terminal.
 */
export interface Console {
  /** The person sits at a terminal and may be asked something. */
  readonly isInteractive: boolean
  readonly asJson: boolean
  /** What the command was asked for: `value` with --json, `lines` without. */
  result(value: unknown, lines: readonly string[]): void
  /** One item of a result that never ends, such as a row of the live log. */
  item(value: unknown, line: string): void
  say(sentence: string): void
  warn(sentence: string): void
  fail(error: BridgeError): void
  /** Shows on a terminal that something is going on, until the work is done. */
  during<T>(label: string, work: Promise<T>): Promise<T>
}

export interface ConsoleStreams {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: NodeJS.ProcessEnv
}

export function createConsole({ stdin, stdout, stderr, env }: ConsoleStreams, asJson: boolean): Console {
  const isDumb = env.TERM === 'dumb'
  const mayColour = stderr.isTTY && !env.NO_COLOR && !isDumb
  const colour = (code: number, text: string) => (mayColour ? `\u001b[${code}m${text}\u001b[39m` : text)
  const say = (sentence: string) => void stderr.write(`${printable(sentence)}\n`)

  function write(value: unknown, lines: readonly string[]): void {
    if (asJson) stdout.write(`${printableJson(JSON.stringify(value))}\n`)
    else if (lines.length > 0) stdout.write(`${lines.map(printable).join('\n')}\n`)
  }

  return {
    isInteractive: Boolean(stdin.isTTY && stderr.isTTY) && !env.CI,
    asJson,
    result: write,
    item: (value, line) => write(value, [line]),
    say,
    warn(sentence) {
      stderr.write(`${colour(33, 'Warning:')} ${printable(sentence)}\n`)
    },
    fail({ reason, message, fix }) {
      if (asJson) write({ error: { reason, message, fix } }, [])
      stderr.write(`${colour(31, 'Error:')} ${printable(message)}\n`)
      if (fix !== undefined) say(fix)
    },
    async during(label, work) {
      if (!stderr.isTTY || isDumb) return work
      const stop = spin(stderr, printable(label))
      return work.finally(stop)
    },
  }
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
// What is over sooner needs no spinner.
const patienceMs = 250

function spin(stderr: NodeJS.WriteStream, label: string): () => void {
  let frame = 0
  let interval: NodeJS.Timeout | undefined
  const draw = () => {
    stderr.write(`\r${frames[frame % frames.length]} ${label}`)
    frame += 1
  }
  const start = setTimeout(() => {
    interval = setInterval(draw, 80)
    draw()
  }, patienceMs)
  return () => {
    clearTimeout(start)
    if (interval === undefined) return
    clearInterval(interval)
    stderr.write('\r\u001b[2K')
  }
}
