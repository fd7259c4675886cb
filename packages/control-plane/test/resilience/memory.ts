import { readFileSync } from 'node:fs'

const PAGE_BYTES = 4096

/** Resident memory of a process. */
export function residentBytes(pid: number): number {
  const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
  return Number(pages) * PAGE_BYTES
}

/** By how much resident memory grows at most while something happens. */
export async function growthWhile(pid: number, happens: () => Promise<unknown>): Promise<number> {
  const before = residentBytes(pid)
  let most = before
  const sampler = setInterval(() => {
    most = Math.max(most, residentBytes(pid))
  }, 10)
  try {
    await happens()
  } finally {
    clearInterval(sampler)
  }
  return Math.max(most, residentBytes(pid)) - before
}
