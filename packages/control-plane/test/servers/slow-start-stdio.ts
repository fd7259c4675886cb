/** Takes `START_MS` milliseconds before it reads its input. Tool: `round`, which gives its variable `ROUND`. */
import { setTimeout as delay } from 'node:timers/promises'
import { serveLegacyStdio } from './legacy-stdio.ts'

await delay(Number(process.env.START_MS))
serveLegacyStdio({ name: 'slow-start', tools: { round: () => process.env.ROUND } })
