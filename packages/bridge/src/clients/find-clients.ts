import { existsSync } from 'node:fs'
import { BridgeError } from '../bridge-error.ts'
import type { Client } from './client.ts'
import { clients } from './client-table.ts'
import type { Place } from './place.ts'

/** The clients that can be set up on this platform. */
export function availableClients(place: Place): readonly Client[] {
  return clients.filter((client) => client.files(place).length > 0)
}

export function detectedClients(place: Place): readonly Client[] {
  const found = availableClients(place).filter((client) =>
    client.traces(place).some((path) => existsSync(path)),
  )
  return found.filter(({ successor }) => !found.some(({ id }) => id === successor))
}

/** Throws a `usage` error that lists the known names. */
export function requireClients(ids: readonly string[], place: Place): readonly Client[] {
  const known = availableClients(place)
  return [...new Set(ids)].map((id) => {
    const client = known.find((candidate) => candidate.id === id)
    if (client !== undefined) return client
    throw new BridgeError('usage', `No client is called "${id}" here.`, {
      fix: `Known are: ${known.map((candidate) => candidate.id).join(', ')}.`,
    })
  })
}

/** The configuration that exists, else the place where the client looks first. */
export function configFileOf(client: Client, place: Place): string {
  const files = client.files(place)
  const [file] = [...files.filter((path) => existsSync(path)), ...files]
  if (file === undefined) throw new BridgeError('usage', `${client.name} does not exist on this platform.`)
  return file
}
