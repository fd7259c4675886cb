import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { readLines } from './lines.ts'

async function linesOf(...chunks: (string | Buffer)[]): Promise<string[]> {
  const input = new PassThrough()
  const lines: string[] = []
  readLines(input, (line) => lines.push(line))
  const ended = new Promise((resolve) => input.on('close', resolve))
  for (const chunk of chunks) input.write(chunk)
  input.end()
  await ended
  return lines
}

it('finds the lines wherever the pipe cut them', async () => {
  expect(await linesOf('{"a"', ':1}\n{"b":2}\n{"c', '":3}\n')).toEqual(['{"a":1}', '{"b":2}', '{"c":3}'])
})

it('keeps a character whole that arrives in two parts', async () => {
  const bytes = Buffer.from('"ä"\n')
  expect(await linesOf(bytes.subarray(0, 2), bytes.subarray(2))).toEqual(['"ä"'])
})

it('drops what Windows shells add, and reads a last line without an end', async () => {
  expect(await linesOf('\uFEFF{}\r\n', '[]')).toEqual(['{}', '[]'])
})
