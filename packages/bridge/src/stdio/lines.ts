import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** Hands over each line of a stream. Never pauses it: a paused stdin would hide that the client went away. */
export function readLines(input: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8')
  const started: string[] = []
  input.on('data', (chunk: Buffer) => {
    const [first = '', ...rest] = decoder.write(chunk).split('\n')
    started.push(first)
    for (const next of rest) {
      onLine(withoutMarks(started.splice(0).join('')))
      started.push(next)
    }
  })
  input.on('end', () => {
    const last = started.splice(0).join('')
    if (last !== '') onLine(withoutMarks(last))
  })
}

/** Windows shells may put a byte order mark first and a carriage return last. */
function withoutMarks(line: string): string {
  return line.replace(/^\uFEFF/, '').replace(/\r$/, '')
}
