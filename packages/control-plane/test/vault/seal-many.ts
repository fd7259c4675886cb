/** Seals in several threads and writes the nonces to a file: one run of a process that seals a lot. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { deriveKey, sealRecord } from '../../src/vault/envelope.ts'

const NONCE_START = 9
const NONCE_END = 21

interface Order {
  /** All threads of all runs seal with the same key, as replicas and restarts do. */
  masterKey: string
  count: number
}

function sealMany({ masterKey, count }: Order): Uint8Array {
  const key = deriveKey(Buffer.from(masterKey, 'base64'), 'credentials')
  const random = { bytes: (length: number) => randomBytes(length) }
  const plain = Buffer.from('the same each time')
  const nonces = new Uint8Array(count * (NONCE_END - NONCE_START))
  for (let at = 0; at < nonces.length; at += NONCE_END - NONCE_START) {
    nonces.set(sealRecord({ key, plain, context: ['here'], random }).subarray(NONCE_START, NONCE_END), at)
  }
  return nonces
}

async function sealInThreads(file: string, threads: number, order: Order): Promise<void> {
  const sealing = Array.from({ length: threads }, () => {
    const worker = new Worker(import.meta.filename, { workerData: order })
    return new Promise<Uint8Array>((resolve, reject) => worker.once('message', resolve).once('error', reject))
  })
  writeFileSync(file, Buffer.concat(await Promise.all(sealing)))
}

if (isMainThread) {
  const [file = '', threads, masterKey = '', count] = process.argv.slice(2)
  await sealInThreads(file, Number(threads), { masterKey, count: Number(count) })
} else {
  // The main thread of this file gives it.
  parentPort?.postMessage(sealMany(workerData as Order))
}
