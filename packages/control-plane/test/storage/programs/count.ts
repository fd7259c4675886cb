// Logs calls and counts them at the same time, and prints after each transaction how many are logged.
import { countMore } from '../../../src/stats/follow-log.ts'
import { openStorage } from '../../../src/storage/open-storage.ts'
import { link, sampleEntry } from '../samples.ts'

const [url = ''] = process.argv.slice(2)
await using storage = await openStorage({ url, clock: { now: () => 0 } })
for (let logged = 0; ; ) {
  const calls = Array.from({ length: 50 }, (_, index) =>
    sampleEntry('w', {
      server: `server-${(logged + index) % 7}`,
      tool: `tool-${index % 5}`,
      upstreamMs: index / 10,
    }),
  )
  await storage.audit.append(calls, link)
  logged += calls.length
  await countMore(storage.stats, 'w', 0)
  process.stdout.write(`${logged}\n`)
}
