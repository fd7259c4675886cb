import { describe, expect, it } from 'vitest'
import type { StatsItem } from '../../api/shapes.ts'
import { slowDownOf } from './slow-down.ts'

function tool(name: string, calls: number, mean: number): StatsItem {
  const upstreamMs = { p50: mean, p95: mean * 2, p99: mean * 3, mean }
  return {
    tool: name,
    calls,
    errors: 0,
    errorRate: 0,
    outcomes: {},
    bytesIn: 0,
    bytesOut: 0,
    latencyMs: upstreamMs,
    gatewayMs: null,
    upstreamMs,
  }
}

const byTool = ({ tool: name }: StatsItem) => name ?? ''

describe('what accounts for the time that servers take', () => {
  it('is the tool whose calls got slower, and not the one that is called more', () => {
    const before = [tool('search', 100, 200), tool('get', 100, 100)]
    const now = [tool('get', 900, 100), tool('search', 100, 1200)]
    const { slower, parts } = slowDownOf(now, before, byTool)
    expect(slower).toBe(true)
    expect(parts.map(({ item, share }) => [item.tool, share])).toEqual([
      ['search', 1],
      ['get', 0],
    ])
  })

  it('is shared by all that got slower, by how long their calls waited together', () => {
    const before = [tool('search', 10, 100), tool('get', 10, 100)]
    const now = [tool('search', 10, 400), tool('get', 30, 200)]
    expect(slowDownOf(now, before, byTool).parts.map(({ share }) => share)).toEqual([0.5, 0.5])
  })

  it('is who takes the time, when nothing got clearly slower', () => {
    const before = [tool('search', 100, 200), tool('get', 100, 100)]
    const now = [tool('search', 100, 205), tool('get', 100, 99)]
    const { slower, parts } = slowDownOf(now, before, byTool)
    expect(slower).toBe(false)
    expect(parts[0]?.item.tool).toBe('search')
    expect(parts[0]?.share).toBeCloseTo(205 / 304)
  })

  it('holds nothing against a tool that is new', () => {
    const { slower } = slowDownOf([tool('new', 100, 5000)], [], byTool)
    expect(slower).toBe(false)
  })
})
