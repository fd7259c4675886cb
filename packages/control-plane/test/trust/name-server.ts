import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Answer = { a?: string[]; aaaa?: string[]; cname?: string }

/** A name server of our own on the loopback, whose answers live for zero seconds and can change between two questions. */
export interface NameServer extends AsyncDisposable {
  names: Map<string, Answer>
  /** How often each name was asked for. */
  asked: Map<string, number>
  /** Runs a program so that it, and nothing else on this machine, asks this name server. */
  through: string[]
}

const ADDRESS = '127.77.0.1'
const TYPE = { a: 1, cname: 5, aaaa: 28 }

/** Only root may listen on port 53 and see another resolv.conf than everyone else. */
export const canServeNames =
  process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'mount', '--bind', '/etc', '/etc']).status === 0

export async function openNameServer(): Promise<NameServer> {
  const names = new Map<string, Answer>()
  const asked = new Map<string, number>()
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const { name, type, question } = readQuestion(query)
    asked.set(name, (asked.get(name) ?? 0) + 1)
    socket.send(answerTo(query, question, type, names.get(name)), from.port, from.address)
  })
  socket.bind(53, ADDRESS)
  await once(socket, 'listening')
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-names-'))
  const config = join(folder, 'resolv.conf')
  writeFileSync(config, `nameserver ${ADDRESS}\noptions timeout:1 attempts:2\n`)
  return {
    names,
    asked,
    through: ['unshare', '-m', 'sh', '-c', `mount --bind ${config} /etc/resolv.conf && exec "$@"`, 'sh'],
    async [Symbol.asyncDispose]() {
      socket.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function readQuestion(query: Buffer): { name: string; type: number; question: Buffer } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  return {
    name: labels.join('.').toLowerCase(),
    type: query.readUInt16BE(at + 1),
    question: query.subarray(12, at + 5),
  }
}

/** Each record names the question by a pointer, and a CNAME's target follows as records of that name. */
function answerTo(query: Buffer, question: Buffer, type: number, answer: Answer | undefined): Buffer {
  const records: Buffer[] = []
  let owner: Buffer = Buffer.from([0xc0, 12])
  if (answer?.cname !== undefined) {
    records.push(record(owner, TYPE.cname, nameBytes(answer.cname)))
    owner = nameBytes(answer.cname)
  }
  if (type === TYPE.a) for (const text of answer?.a ?? []) records.push(record(owner, TYPE.a, ipv4(text)))
  if (type === TYPE.aaaa)
    for (const text of answer?.aaaa ?? []) records.push(record(owner, TYPE.aaaa, ipv6(text)))
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  // A response, with recursion; 3 is NXDOMAIN.
  head.writeUInt16BE(0x8180 | (answer === undefined ? 3 : 0), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  return Buffer.concat([head, question, ...records])
}

function record(owner: Buffer, type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(10)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(1, 2)
  // The four bytes of the time to live stay zero.
  head.writeUInt16BE(data.length, 8)
  return Buffer.concat([owner, head, data])
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)])
  return Buffer.concat([...labels, Buffer.from([0])])
}

function ipv4(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number))
}

/** Eight groups, written out. */
function ipv6(text: string): Buffer {
  return Buffer.from(
    text.split(':').flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  )
}
