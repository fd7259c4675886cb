import { BridgeError } from '../bridge-error.ts'
import type { Console } from '../terminal/console.ts'
import type { PromptStreams } from '../terminal/prompts.ts'
import type { Client } from './client.ts'
import { requireClients } from './find-clients.ts'
import type { Place } from './place.ts'
import { askForClients } from './questions.ts'

export interface ClientChoice {
  readonly named: readonly string[]
  readonly all: boolean
}

/** The clients meant: those named, all that come into question, or those a person at a terminal picks. */
export async function chooseClients(
  { named, all }: ClientChoice,
  options: {
    command: 'install' | 'uninstall'
    place: Place
    /** What --all means. */
    candidates: readonly Client[]
    /** What a person may pick from; the candidates are chosen already. */
    offered: readonly Client[]
    console: Console
    streams: PromptStreams
  },
): Promise<readonly Client[]> {
  const { command, candidates, offered, console, streams } = options
  if (named.length > 0) return requireClients(named, options.place)
  if (all) return candidates
  if (!console.isInteractive || console.asJson) {
    throw new BridgeError('usage', `Which clients to ${command} is not said.`, {
      fix: `Type: mcpgw ${command} --client ID, or mcpgw ${command} --all`,
    })
  }
  if (offered.length === 0) return []
  const chosen = await askForClients(`Which clients to ${command}?`, { offered, chosen: candidates, streams })
  if (chosen === undefined) throw givenUp()
  return chosen
}

export function givenUp(): BridgeError {
  return new BridgeError('usage', 'Given up; nothing was changed.')
}
