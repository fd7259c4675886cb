import { readdirSync, readFileSync } from 'node:fs'

/** Often enough that the limit means something; a look costs some 100 microseconds for each process. */
const LOOK_MS = 500

/**
 * Looks at the memory of a process and all that come from it, and calls `exceeded` once when it is too much. Gives a
 * function that ends the watch. Looks at nothing but on Linux.
 */
export function watchMemory(pid: number, maxBytes: number, exceeded: () => void): () => void {
  if (process.platform !== 'linux') return () => {}
  const timer = setInterval(() => {
    if (memoryOf(pid) <= maxBytes) return
    clearInterval(timer)
    exceeded()
  }, LOOK_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Of the process and its descendants, in bytes, without the programs and libraries they were loaded from. */
export function memoryOf(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + memoryOf(child), ownMemory(pid))
}

function ownMemory(pid: number): number {
  const sizes = [...read(`/proc/${pid}/status`).matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)]
  return sizes.reduce((sum, [, kiB]) => sum + Number(kiB) * 1024, 0)
}

/** Each thread has children of its own. */
function childrenOf(pid: number): number[] {
  const threads = ignoringTheDead(() => readdirSync(`/proc/${pid}/task`), [])
  return threads.flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  )
}

function read(path: string): string {
  return ignoringTheDead(() => readFileSync(path, 'utf8'), '')
}

function ignoringTheDead<T>(look: () => T, nothing: T): T {
  try {
    return look()
  } catch {
    return nothing
  }
}
