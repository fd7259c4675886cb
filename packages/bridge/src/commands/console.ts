import type { BridgeError } from '../bridge-error.ts'

/** The two channels of a command: results on stdout, everything said to a person on stderr. */
export interface Console {
  result(value: Readonly<Record<string, unknown>>, lines: readonly string[]): void
  say(sentence: string): void
  fail(error: BridgeError): void
}

export function createConsole(
  streams: { stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream; env: NodeJS.ProcessEnv },
  asJson: boolean,
): Console {
  const { stdout, stderr, env } = streams
  const mayColour = stderr.isTTY && !env.NO_COLOR && env.TERM !== 'dumb'
  const red = (text: string) => (mayColour ? `\u001b[31m${text}\u001b[39m` : text)
  return {
    result(value, lines) {
      stdout.write(asJson ? `${JSON.stringify(value)}\n` : `${lines.join('\n')}\n`)
    },
    say(sentence) {
      stderr.write(`${sentence}\n`)
    },
    fail(error) {
      const { reason, message, fix } = error
      if (asJson) stdout.write(`${JSON.stringify({ error: { reason, message, fix } })}\n`)
      stderr.write(`${red('Error:')} ${message}\n${fix === undefined ? '' : `${fix}\n`}`)
    },
  }
}
