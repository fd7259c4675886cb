import { readdirSync, readFileSync } from 'node:fs'

/** Linux tells times in hundredths of a second, whatever the kernel's own clock does. */
const MICROS_PER_TICK = 10_000

/** What a process and all its descendants have used so far; NaN when there is none. */
export function usageOf(pid: number | undefined): { cpuMicros: number; rssMb: number } {
  if (pid === undefined) return { cpuMicros: Number.NaN, rssMb: Number.NaN }
  const usage = { cpuMicros: 0, rssMb: 0 }
  for (const member of family(pid)) {
    // The second field is a name in parentheses that may hold spaces: counting begins behind it.
    const fields = read(`${member}/stat`).split(') ').at(-1)?.split(' ') ?? []
    usage.cpuMicros += (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK
    usage.rssMb += Number(/VmRSS:\s+(\d+)/.exec(read(`${member}/status`))?.[1] ?? 0) / 1024
  }
  return usage
}

function family(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`)
  const children = threads.flatMap((thread) => read(`${pid}/task/${thread}/children`).split(' '))
  return [pid, ...children.filter(Boolean).map(Number).flatMap(family)]
}

function read(path: string): string {
  return readFileSync(`/proc/${path}`, 'latin1')
}
