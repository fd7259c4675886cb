import type { CallSums, CountedRow, Dimension, StatsCell } from '../model/call-stats.ts'
import { CUBES, floorTo, GRAIN_MS, MINUTES_KEPT_MS } from './cubes.ts'
import { addCall, addSums, emptySums } from './sums.ts'

type Values = Record<Dimension, string>

interface Finest {
  minute: number
  values: Values
  sums: CallSums
}

/** Counts rows in memory, until they are taken out as cells of every cube. */
export class Tally {
  readonly #finest = new Map<string, Finest>()
  readonly #minutesFrom: number

  /** Calls that began too long before `now` are in no cube of minutes. */
  constructor(now: number) {
    this.#minutesFrom = now - MINUTES_KEPT_MS
  }

  /** How many sets of values are kept apart; cells will be up to eleven times as many. */
  get size(): number {
    return this.#finest.size
  }

  add(row: CountedRow): void {
    if (row.kind !== 'call') return
    // All that is too old for minutes needs no telling apart by them.
    const grainMs = row.time < this.#minutesFrom ? GRAIN_MS.hour : GRAIN_MS.minute
    const minute = floorTo(row.time, grainMs)
    const values = valuesOf(row)
    const key = keyOf(minute, values)
    let finest = this.#finest.get(key)
    if (finest === undefined) {
      finest = { minute, values, sums: emptySums() }
      this.#finest.set(key, finest)
    }
    addCall(finest.sums, row)
  }

  /** Empties the tally. */
  takeCells(): StatsCell[] {
    const cells = new Map<string, StatsCell>()
    for (const { minute, values, sums } of this.#finest.values()) {
      for (const { name, grain, has } of CUBES) {
        if (grain === 'minute' && minute < this.#minutesFrom) continue
        const start = floorTo(minute, GRAIN_MS[grain])
        const kept = only(values, has)
        const key = keyOf(start, kept, name)
        let cell = cells.get(key)
        if (cell === undefined) {
          cell = { cube: name, start, values: kept, sums: emptySums() }
          cells.set(key, cell)
        }
        addSums(cell.sums, sums)
      }
    }
    this.#finest.clear()
    return [...cells.values()]
  }
}

function valuesOf({ server, tool, tokenId, member, client, method }: CountedRow): Values {
  return {
    server: server ?? '',
    // Servers list their tools and prompts; the addresses of resources are without end.
    tool: method === 'resources/read' ? '' : (tool ?? ''),
    tokenId,
    member,
    client: client ?? '',
  }
}

function only(values: Values, has: readonly Dimension[]): Values {
  const keep = (dimension: Dimension) => (has.includes(dimension) ? values[dimension] : '')
  return {
    server: keep('server'),
    tool: keep('tool'),
    tokenId: keep('tokenId'),
    member: keep('member'),
    client: keep('client'),
  }
}

/** NUL is in no text that is stored. */
function keyOf(start: number, { server, tool, tokenId, member, client }: Values, cube = ''): string {
  return `${cube}\0${start}\0${server}\0${tool}\0${tokenId}\0${member}\0${client}`
}
