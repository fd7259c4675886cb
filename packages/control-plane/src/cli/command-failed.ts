import { CommanderError } from 'commander'

export const EXIT = { done: 0, failed: 1, wrongUsage: 2, loginNeeded: 4 } as const

/** A command ended without what was asked for; the reader has been told why. */
export class CommandFailed extends CommanderError {
  constructor(exitCode: number, message: string) {
    super(exitCode, 'mcpgw.failed', message)
  }
}

/** The exit code for whatever `parseAsync` threw. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandFailed) return error.exitCode
  if (!(error instanceof CommanderError)) return EXIT.failed
  const answered = error.code === 'commander.helpDisplayed' || error.code === 'commander.version'
  return answered ? EXIT.done : EXIT.wrongUsage
}
