import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Story {
  /** Closed when the time is over; at the end of the story by whoever tells it. */
  opened: AsyncDisposableStack
  /** Empty at first, and gone afterwards. */
  folder: string
}

export const tell = (line: string) => void process.stdout.write(`${line}\n`)

/** A story that hangs is a story that failed: the process ends with 1 when it is not told in time. */
export async function beginStory(name: string, limitMs: number): Promise<Story> {
  const opened = new AsyncDisposableStack()
  const tooLate = setTimeout(() => {
    tell(`Not done after ${limitMs / 1000} seconds.`)
    void opened.disposeAsync().finally(() => process.exit(1))
  }, limitMs)
  opened.defer(() => clearTimeout(tooLate))
  const folder = await mkdtemp(join(tmpdir(), `mcpgw-${name}-`))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  return { opened, folder }
}
