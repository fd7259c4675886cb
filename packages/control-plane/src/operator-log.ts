import pino, { type Logger } from 'pino'

/** With the signs that JSON writes as two, a record stays below 10,000 characters. */
const MAX_LENGTH = { text: 1_000, stack: 2_500 }

/** Control characters and those that reorder text: they break log lines and terminals. A stack has lines. */
const UNSAFE = /[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/gu

/**
 * The operator's log on stderr: one line of JSON per record, whatever callers and servers put into it. Texts are cut, and
 * what could move a terminal's cursor, colour it or reorder its text becomes U+FFFD, as in the log of calls.
 */
export function createOperatorLog(level: string): Logger {
  return pino(
    { level, serializers: { err: describe }, hooks: { logMethod } },
    pino.destination({ fd: 2, sync: true }),
  )
}

function logMethod(this: Logger, args: Parameters<pino.LogFn>, method: pino.LogFn): void {
  // The cast: the same arguments with safer texts.
  method.apply(this, args.map((value) => (typeof value === 'string' ? clean(value) : value)) as typeof args)
}

function describe(error: unknown): Record<string, string> {
  if (!(error instanceof Error)) return { message: clean(String(error)) }
  const { name, message, stack } = error
  // Errors of Node and of drivers have a code; whatever else they carry may be somebody's data.
  const { code } = error as { code?: unknown }
  return {
    type: clean(name),
    message: clean(message),
    ...(stack !== undefined && { stack: clean(stack, MAX_LENGTH.stack) }),
    ...(code !== undefined && { code: clean(String(code)) }),
  }
}

function clean(text: string, maxLength = MAX_LENGTH.text): string {
  const short = text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`
  return short.replaceAll(UNSAFE, '\ufffd')
}
