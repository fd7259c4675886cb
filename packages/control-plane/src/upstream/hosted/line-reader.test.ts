import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineReader } from './line-reader.ts'

function read(chunks: Buffer[], maxBytes = 1_000) {
  const lines: string[] = []
  let tooLong = 0
  const reader = createLineReader({
    maxBytes,
    onLine: (line) => lines.push(line),
    onTooLong: () => {
      tooLong += 1
    },
  })
  for (const chunk of chunks) reader.push(chunk)
  reader.end()
  return { lines, tooLong }
}

function cut(bytes: Buffer, sizes: number[]): Buffer[] {
  let start = 0
  const chunks = sizes.map((size) => {
    start += size
    return bytes.subarray(start - size, start)
  })
  return [...chunks, bytes.subarray(start)]
}

describe('lines of a hosted server', () => {
  it('arrive the same however the stream is cut', () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => text !== '' && !/[\r\n]/.test(text))
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('\n', '\r\n'), fc.array(fc.nat(9)), (lines, end, sizes) => {
        const bytes = Buffer.from(lines.map((text) => text + end).join(''))
        expect(read(cut(bytes, sizes)).lines).toEqual(lines)
      }),
    )
  })

  it('arrive without a last line end', () => {
    expect(read([Buffer.from('one\ntw'), Buffer.from('o')]).lines).toEqual(['one', 'two'])
  })

  it('may be exactly as long as the limit', () => {
    expect(read([Buffer.from('12345\n1234'), Buffer.from('5\n')], 5)).toEqual({
      lines: ['12345', '12345'],
      tooLong: 0,
    })
  })

  it.each([
    ['in one chunk', [Buffer.from('ok\n123456\nmore\n')]],
    ['across chunks', [Buffer.from('ok\n123'), Buffer.from('456\nmore\n')]],
    ['without an end', [Buffer.from('ok\n123'), Buffer.from('456'), Buffer.from('789')]],
  ])('stop for good at a line over the limit (%s)', (_, chunks) => {
    expect(read(chunks, 5)).toEqual({ lines: ['ok'], tooLong: 1 })
  })

  it('are read quickly when a long one comes byte by byte', () => {
    const bytes = Buffer.from(`${'x'.repeat(300_000)}\n`)
    const chunks = cut(bytes, Array<number>(bytes.length).fill(1))
    expect(read(chunks, bytes.length).lines[0]).toHaveLength(300_000)
  })
})
