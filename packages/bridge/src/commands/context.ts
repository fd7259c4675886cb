import type { Settings } from '../settings.ts'
import type { Console, ConsoleStreams } from '../terminal/console.ts'

/** What a command works with. */
export interface CommandContext {
  readonly settings: Settings
  readonly streams: ConsoleStreams
  readonly console: Console
}
