/** Notices that the machine slept (or the process was stopped), so that nothing can be said about its connections. */
export interface SleepWatch {
  /** Looks now, for who cannot wait for the next look. */
  look(): void
  stop(): void
}

const lookEveryMs = 1_000
// Longer than the machine's worst stutter, shorter than servers keep idle connections open (60 s and more, but for
// some that say so themselves).
const gapMs = 10_000

/** Timers stand still in sleep while the clock goes on; a gap between the two is a sleep. */
export function watchSleep({ now, onWake }: { now: () => number; onWake: () => void }): SleepWatch {
  let lastLook = now()
  function look(): void {
    const before = lastLook
    lastLook = now()
    if (lastLook - before > gapMs) onWake()
  }
  const timer = setInterval(look, lookEveryMs).unref()
  return { look, stop: () => clearInterval(timer) }
}
