import { describe, expect, it } from 'vitest'
import { changeOf } from './change-of.ts'

describe('how a figure stands to what it was', () => {
  it('says small changes in percent and large ones as a multiple', () => {
    expect(changeOf(112, 100, 'ratio')).toMatchObject({ text: '+12%', direction: 'up', large: false })
    expect(changeOf(70, 100, 'ratio')).toMatchObject({ text: '−30%', direction: 'down', large: true })
    expect(changeOf(510, 100, 'ratio')).toMatchObject({ text: '×5.1', large: true })
  })

  it('says shares in points', () => {
    expect(changeOf(0.021, 0.004, 'points')).toMatchObject({ text: '+1.7 pt', direction: 'up', large: true })
    expect(changeOf(0.0042, 0.004, 'points')).toMatchObject({ text: 'same' })
  })

  it('says nothing where nothing was before', () => {
    expect(changeOf(5, 0, 'ratio')).toBeUndefined()
    expect(changeOf(5, undefined, 'ratio')).toBeUndefined()
    expect(changeOf(0, 0, 'ratio')).toMatchObject({ direction: 'same' })
  })
})
