import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Selection } from '../../api/shapes.ts'
import {
  decide,
  isOn,
  showsNewTools,
  strayEntries,
  switchTool,
  withNewTools,
  withoutStray,
} from './tool-selection.ts'

const names = fc.constantFrom('a', 'b', 'c', '*')
const lists = fc.array(names, { maxLength: 4 })
const selections = fc.record({ allow: lists, deny: lists }, { requiredKeys: [] }) as fc.Arbitrary<Selection>

describe('the selection of tools', () => {
  it('says which list decides', () => {
    expect(decide({}, 'a')).toBe('all')
    expect(decide({ allow: ['a'] }, 'a')).toBe('allowed')
    expect(decide({ allow: [] }, 'a')).toBe('not_allowed')
    expect(decide({ allow: ['a'], deny: ['a'] }, 'a')).toBe('denied')
    expect(decide({ deny: ['*'] }, 'a')).toBe('all')
  })

  it('switches one tool and leaves every other as it was', () => {
    fc.assert(
      fc.property(selections, names, fc.boolean(), (selection, tool, on) => {
        const after = switchTool(selection, tool, on)
        const others = ['a', 'b', 'c', '*'].filter((name) => name !== tool)
        return isOn(after, tool) === on && others.every((name) => isOn(after, name) === isOn(selection, name))
      }),
    )
  })

  it('does not turn an allow list into everything when its last tool is switched off', () => {
    expect(switchTool({ allow: ['a'] }, 'a', false)).toEqual({ allow: [] })
  })

  it('finds entries that stand for no tool', () => {
    expect(strayEntries({ allow: ['a', 'old'], deny: ['delete_*', 'b'] }, ['a', 'b'])).toEqual([
      'old',
      'delete_*',
    ])
  })

  it('changes what happens to new tools and nothing about those that are there', () => {
    const offered = ['a', 'b', 'c']
    fc.assert(
      fc.property(selections, fc.boolean(), (selection, shown) => {
        const after = withNewTools(selection, offered, shown)
        return (
          showsNewTools(after) === shown &&
          isOn(after, 'new') === shown &&
          offered.every((name) => isOn(after, name) === isOn(selection, name))
        )
      }),
    )
  })

  it('can lose its stray entries without switching any tool', () => {
    const offered = ['a', 'b', 'c']
    fc.assert(
      fc.property(selections, (selection) => {
        const after = withoutStray(selection, offered)
        return (
          strayEntries(after, offered).length === 0 &&
          offered.every((name) => isOn(after, name) === isOn(selection, name))
        )
      }),
    )
  })
})
