import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOutputTail } from './output-tail.ts'

describe('the tail of an output', () => {
  it('is what came last, whatever the chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary-ascii', maxLength: 40 })), (chunks) => {
        const tail = createOutputTail(16)
        for (const chunk of chunks) tail.push(Buffer.from(chunk))
        expect(tail.text()).toBe(chunks.join('').slice(-16))
      }),
    )
  })

  it('begins at a whole character', () => {
    const tail = createOutputTail(6)
    tail.push(Buffer.from('aäöü€'))
    expect(tail.text()).toBe('ü€')
  })

  it('is empty before anything was written', () => {
    expect(createOutputTail(8).text()).toBe('')
  })
})
