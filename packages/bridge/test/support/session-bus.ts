import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A D-Bus session of its own. */
export interface SessionBus extends AsyncDisposable {
  readonly address: string
}

/** Starts a real D-Bus daemon that knows no service to start, unlike the one of a desktop. */
export async function startSessionBus(): Promise<SessionBus> {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-bus-'))
  const configuration = join(folder, 'bus.conf')
  writeFileSync(configuration, configurationOf(folder))
  const args = [`--config-file=${configuration}`, '--nofork', '--print-address']
  const child = spawn('dbus-daemon', args, { env: {}, stdio: ['ignore', 'pipe', 'ignore'] })
  const [address] = await once(createInterface({ input: child.stdout }), 'line')
  return {
    address,
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit')
      child.kill()
      await gone
    },
  }
}

const configurationOf = (folder: string) => `<busconfig>
  <type>session</type>
  <listen>unix:dir=${folder}</listen>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>`

/** A program that owns the name of the Secret Service on the bus and never answers a call. */
export async function startSilentSecretService(address: string): Promise<Socket> {
  const socket = connect(/path=([^,]+)/.exec(address)?.[1] ?? '')
  const userId = Buffer.from(String(process.getuid?.())).toString('hex')
  socket.write(`\0AUTH EXTERNAL ${userId}\r\n`)
  await once(socket, 'data')
  socket.write('BEGIN\r\n')
  socket.write(callOfBus(1, 'Hello'))
  await once(socket, 'data')
  socket.write(callOfBus(2, 'RequestName', 'org.freedesktop.secrets'))
  await once(socket, 'data')
  socket.resume()
  return socket
}

/** A method call to the bus itself in D-Bus's wire format, with a name and no flags as arguments. */
function callOfBus(serial: number, member: string, name?: string): Buffer {
  const body = name === undefined ? Buffer.alloc(0) : Buffer.concat([padded(text(name), 4), number(0)])
  const fields = [
    field(1, 'o', text('/org/freedesktop/DBus')),
    field(2, 's', text('org.freedesktop.DBus')),
    field(3, 's', text(member)),
    field(6, 's', text('org.freedesktop.DBus')),
    ...(name === undefined ? [] : [field(8, 'g', Buffer.from('\x02su\0', 'latin1'))]),
  ]
  const last = fields.pop() ?? Buffer.alloc(0)
  const list = Buffer.concat([...fields.map((bytes) => padded(bytes, 8)), last])
  const head = Buffer.concat([Buffer.from('l\x01\x00\x01', 'latin1'), number(body.length), number(serial)])
  return Buffer.concat([padded(Buffer.concat([head, number(list.length), list]), 8), body])
}

const field = (code: number, type: string, value: Buffer) =>
  Buffer.concat([Buffer.from([code, 1, type.charCodeAt(0), 0]), value])

const text = (value: string) => Buffer.concat([number(Buffer.byteLength(value)), Buffer.from(`${value}\0`)])

const padded = (bytes: Buffer, size: number) =>
  Buffer.concat([bytes, Buffer.alloc((size - (bytes.length % size)) % size)])

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
