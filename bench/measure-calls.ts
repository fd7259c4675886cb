import { usageOf } from './process-usage.ts'

export interface Figures {
  callsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Per call. This and the memory are NaN where no process is measured. */
  cpuMicros: number
  rssMb: number
}

type Call = () => Promise<void>

/** Fresh connections and the target's caches settle before anything counts. */
const SETTLE_MS = 250

/** A closed loop: each of `calls` is made again as soon as it is answered, until the time is over. */
export async function measureCalls(
  calls: Call[],
  seconds: number,
  pid: number | undefined,
): Promise<Figures> {
  await callUntil(performance.now() + SETTLE_MS, calls)
  const before = usageOf(pid)
  const begin = performance.now()
  const latenciesMs = await callUntil(begin + seconds * 1_000, calls)
  const elapsedMs = performance.now() - begin
  const after = usageOf(pid)
  const sorted = Float64Array.from(latenciesMs).sort()
  const percentile = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
  return {
    callsPerSecond: (sorted.length / elapsedMs) * 1_000,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
    cpuMicros: (after.cpuMicros - before.cpuMicros) / sorted.length,
    rssMb: after.rssMb,
  }
}

/** Returns how long each call took. */
async function callUntil(deadline: number, calls: Call[]): Promise<number[]> {
  const latenciesMs: number[] = []
  const keepCalling = async (call: Call) => {
    for (let now = performance.now(); now < deadline; ) {
      await call()
      const answeredAt = performance.now()
      latenciesMs.push(answeredAt - now)
      now = answeredAt
    }
  }
  await Promise.all(calls.map(keepCalling))
  return latenciesMs
}
