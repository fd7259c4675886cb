/** The tool `crash` ends the process with code 3 instead of answering; `echo` works. */
import { writeSync } from 'node:fs'
import { serveLegacyStdio } from './legacy-stdio.ts'

function crash(): never {
  writeSync(2, 'fatal: crashed in the middle of a call\n')
  process.exit(3)
}

serveLegacyStdio({ name: 'crash-mid-call', tools: { echo: (args) => args, crash } })
