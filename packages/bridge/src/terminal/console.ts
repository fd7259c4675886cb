import type { BridgeError } from '../bridge-error.ts'
import { inWords } from '../how-to-type.ts'
import { printable, printableJson } from './printable.ts'
import { cut } from './table.ts'

/**
 * The two channels of a command: results on stdout, everything said to a person on stderr. Whatever is written goes
 * through `printable`, so that no text of a server can command the terminal.
 */
export interface Console {
  /** The person sits at a terminal and may be asked something. */
  readonly isInteractive: boolean
  readonly asJson: boolean
  /** How wide the terminal is that shows the results; undefined when they go to a file or a program. */
  readonly columns: number | undefined
  /** Aborted when whoever read the results has gone, as `head` does after its last line. */
  readonly readerLeft: AbortSignal
  /** What the command was asked for: `value` with --json, `lines` without. */
  result(value: unknown, lines: readonly string[]): void
  /** One item of a result that never ends, such as a row of the live log. */
  item(value: unknown, line: string, tone?: Tone): void
  say(sentence: string): void
  warn(sentence: string): void
  /** Ends the command: with --json the result is an object with `error`. */
  fail(error: BridgeError): void
  /** A failure for people alone: the result has been printed. */
  tellFailure(error: BridgeError): void
  /** Shows on a terminal that something is going on, until the work is done. The work can change what is shown. */
  during<T>(label: string, work: Promise<T> | ((show: (label: string) => void) => Promise<T>)): Promise<T>
  /** Resolves when all that was printed has been handed on: ending the process earlier would cut it. */
  flushed(): Promise<void>
}

export type Tone = 'plain' | 'warning' | 'error'

export interface ConsoleStreams {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: NodeJS.ProcessEnv
  /** Takes over from the default of a signal, which ends the process. */
  once(signal: 'SIGINT', listener: () => void): unknown
}

/** `command` is what people type for `mcpgw`, and takes its place in what they are told. */
export function createConsole(
  { stdin, stdout, stderr, env }: ConsoleStreams,
  { asJson, command }: { asJson: boolean; command: string },
): Console {
  const isDumb = env.TERM === 'dumb'
  const colour = (stream: NodeJS.WriteStream, tone: Tone, text: string) =>
    stream.isTTY && !env.NO_COLOR && !isDumb ? paint(tone, text) : text
  const told = (sentence: string) => printable(inWords(sentence, command))
  const say = (sentence: string) => void stderr.write(`${told(sentence)}\n`)
  const readerLeft = new AbortController()
  stdout.on('error', () => readerLeft.abort())
  stderr.on('error', () => undefined)

  function write(value: unknown, lines: readonly string[], tone: Tone = 'plain'): void {
    if (asJson) stdout.write(`${printableJson(JSON.stringify(value))}\n`)
    else if (lines.length > 0) stdout.write(`${colour(stdout, tone, lines.map(printable).join('\n'))}\n`)
  }

  function tellFailure({ message, fix }: BridgeError): void {
    stderr.write(`${colour(stderr, 'error', 'Error:')} ${told(message)}\n`)
    if (fix !== undefined) say(fix)
  }

  return {
    isInteractive: Boolean(stdin.isTTY && stderr.isTTY) && !env.CI,
    asJson,
    columns: stdout.isTTY ? widthOf(stdout) : undefined,
    readerLeft: readerLeft.signal,
    result: (value, lines) => write(value, lines),
    item: (value, line, tone) => write(value, [line], tone),
    say,
    warn(sentence) {
      stderr.write(`${colour(stderr, 'warning', 'Warning:')} ${told(sentence)}\n`)
    },
    fail(error) {
      const { reason, message, fix } = error
      if (asJson) write({ error: { reason, message, fix: fix && inWords(fix, command) } }, [])
      tellFailure(error)
    },
    tellFailure,
    async during(label, work) {
      const isAnimated = stderr.isTTY && !isDumb
      const spinner = isAnimated ? spin(stderr, printable(label)) : undefined
      const running = typeof work === 'function' ? work((text) => spinner?.show(printable(text))) : work
      return running.finally(() => spinner?.stop())
    },
    async flushed() {
      await Promise.all([drained(stdout), drained(stderr)])
    },
  }
}

const colourCodes: Readonly<Record<Tone, number>> = { plain: 39, warning: 33, error: 31 }

function paint(tone: Tone, text: string): string {
  return tone === 'plain' ? text : `\u001b[${colourCodes[tone]}m${text}\u001b[39m`
}

/** Writes come out in order, so what the empty one waits for is everything. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve()
    else stream.write('', () => resolve())
  })
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
// What is over sooner needs no spinner.
const patienceMs = 250

interface Spinner {
  show(label: string): void
  stop(): void
}

function spin(stderr: NodeJS.WriteStream, firstLabel: string): Spinner {
  let frame = 0
  let label = firstLabel
  let interval: NodeJS.Timeout | undefined
  const draw = () => {
    // A line wider than the terminal would wrap, and could not be taken back.
    const line = cut(`${frames[frame % frames.length]} ${label.replace(/\s+/g, ' ')}`, widthOf(stderr))
    stderr.write(`\r\u001b[2K${line}`)
    frame += 1
  }
  const start = setTimeout(() => {
    interval = setInterval(draw, 80)
    draw()
  }, patienceMs)
  return {
    show(text) {
      label = text
    },
    stop() {
      clearTimeout(start)
      if (interval === undefined) return
      clearInterval(interval)
      stderr.write('\r\u001b[2K')
    },
  }
}

/** A terminal that nobody told its size says 0. */
function widthOf(stream: NodeJS.WriteStream): number {
  return stream.columns || 80
}
