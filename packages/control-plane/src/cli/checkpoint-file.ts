import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { z } from 'zod'

// What one request may carry, in number and in size.
const MAX_TURNING_POINTS = 1_000
const MAX_SAMPLES = 1_000

const line = z.looseObject({
  workspace: z.looseObject({ id: z.string(), slug: z.string().nullable() }),
  seq: z.number(),
})

type Line = z.output<typeof line>

export interface CheckpointFile {
  /** The checkpoints of one log: those of a workspace by its slug, of the installation by null. */
  of(slug: string | null): Line[]
  slugs: (string | null)[]
  /** Lines that are no checkpoint, such as half of one before a power cut. */
  unreadable: number
}

/** Reads a file of checkpoints, a line each, however long it is. */
export async function readCheckpointFile(path: string): Promise<CheckpointFile> {
  const byId = new Map<string, Series>()
  let unreadable = 0
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (text.trim() === '') continue
    const checkpoint = parseLine(text)
    if (checkpoint === undefined) unreadable += 1
    else note(byId, checkpoint)
  }
  const all = [...byId.values()]
  return {
    of: (slug) => all.filter((series) => slugOf(series) === slug).flatMap(chosenOf),
    slugs: all.map(slugOf),
    unreadable,
  }
}

function slugOf({ newest }: Series): string | null {
  return newest.workspace.slug
}

function parseLine(text: string): Line | undefined {
  try {
    return line.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** The checkpoints of one log so far. */
interface Series {
  /** The last before the log was shorter than it had been, which a log never is: each must be compared. */
  turningPoints: Line[]
  /** Of the others every nth, to tell where a log was changed. */
  samples: Line[]
  every: number
  count: number
  newest: Line
}

function note(all: Map<string, Series>, checkpoint: Line): void {
  const { id } = checkpoint.workspace
  const series = all.get(id)
  if (series === undefined) {
    all.set(id, { turningPoints: [], samples: [], every: 1, count: 0, newest: checkpoint })
    return
  }
  // Each start writes where the log stands: many of them must not crowd out the others.
  if (checkpoint.seq === series.newest.seq && checkpoint.hash === series.newest.hash) return
  if (checkpoint.seq <= series.newest.seq) series.turningPoints.push(series.newest)
  else if (series.count++ % series.every === 0) series.samples.push(series.newest)
  series.newest = checkpoint
  if (series.samples.length > MAX_SAMPLES) {
    series.samples = series.samples.filter((_, place) => place % 2 === 0)
    series.every *= 2
  }
}

function chosenOf({ turningPoints, samples, newest }: Series): Line[] {
  return [...turningPoints.slice(-MAX_TURNING_POINTS), ...samples, newest]
}
