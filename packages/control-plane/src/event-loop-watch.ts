import { monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 20
const WINDOW_MS = 60_000

/** How long whatever is due waits for the one thread that does everything, over the last minute. */
export interface EventLoopWatch extends Disposable {
  delaysMs(): { p50: number; p99: number }
}

export function watchEventLoop(): EventLoopWatch {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  let lastMinute: { p50: number; p99: number } | undefined
  const timer = setInterval(() => {
    lastMinute = percentiles(histogram)
    histogram.reset()
  }, WINDOW_MS).unref()
  return {
    delaysMs: () => lastMinute ?? percentiles(histogram),
    [Symbol.dispose]() {
      clearInterval(timer)
      histogram.disable()
    },
  }
}

function percentiles(histogram: ReturnType<typeof monitorEventLoopDelay>): { p50: number; p99: number } {
  const at = (percentile: number) => delayOf(histogram.percentile(percentile))
  return histogram.count === 0 ? { p50: 0, p99: 0 } : { p50: at(50), p99: at(99) }
}

/** What is measured is the time from one look to the next; that between two looks is no delay. */
function delayOf(nanoseconds: number): number {
  return Math.max(0, Math.round((nanoseconds / 1e6 - RESOLUTION_MS) * 100) / 100)
}
