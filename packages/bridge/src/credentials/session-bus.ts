import { existsSync } from 'node:fs'
import { connect } from 'node:net'

/** Programs started outside a desktop session (IDEs over SSH) lack the bus address, though the bus is there. */
export function findSessionBus(
  environment: NodeJS.ProcessEnv,
  userId: number | undefined,
): string | undefined {
  if (environment.DBUS_SESSION_BUS_ADDRESS || userId === undefined) return undefined
  const folders = [environment.XDG_RUNTIME_DIR, `/run/user/${userId}`]
  const socket = folders.map((folder) => folder && `${folder}/bus`).find((path) => path && existsSync(path))
  return socket ? `unix:path=${socket}` : undefined
}

/**
 * Rejects when the bus at this address takes connections but says nothing. The keychain's native module greets
 * the bus on the main thread and without a limit: a bus that hangs would hang the whole bridge.
 */
export async function requireAnsweringBus(address: string | undefined, limitMs: number): Promise<void> {
  const path = socketPath(address)
  if (path === undefined) return
  await new Promise<void>((resolve, reject) => {
    const socket = connect(path)
    socket.setTimeout(limitMs, () => socket.destroy(new Error('the session bus hangs')))
    socket.on('connect', () => socket.write('\0AUTH\r\n'))
    socket.on('data', () => {
      socket.destroy()
      resolve()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the session bus hung up')))
  })
}

function socketPath(address: string | undefined): string | undefined {
  const path = /^unix:path=([^,;]+)/.exec(address ?? '')?.[1]
  const abstract = /^unix:abstract=([^,;]+)/.exec(address ?? '')?.[1]
  return path ?? (abstract === undefined ? undefined : `\0${abstract}`)
}
