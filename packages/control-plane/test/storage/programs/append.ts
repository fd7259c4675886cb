// Appends rows of two workspaces, one append after another, and prints how many are acknowledged.
import { openStorage } from '../../../src/storage/open-storage.ts'
import { link, sampleEntry } from '../samples.ts'

const [url = '', appends = 'forever'] = process.argv.slice(2)
await using storage = await openStorage({ url, clock: { now: () => 0 } })
for (let done = 1; appends === 'forever' || done <= Number(appends); done++) {
  await storage.audit.append([sampleEntry('a'), sampleEntry('b'), sampleEntry('a')], link)
  process.stdout.write(`${done}\n`)
}
