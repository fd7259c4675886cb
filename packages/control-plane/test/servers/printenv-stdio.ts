/** The tool `printenv` gives the server's own environment, arguments, folder and (on Linux) open files. */
import { readdirSync, readlinkSync } from 'node:fs'
import { serveLegacyStdio } from './legacy-stdio.ts'

function openFiles(): Record<string, string> {
  if (process.platform !== 'linux') return {}
  return Object.fromEntries(readdirSync('/proc/self/fd').flatMap(openFile))
}

function openFile(number: string): [string, string][] {
  try {
    return [[number, readlinkSync(`/proc/self/fd/${number}`)]]
  } catch {
    return [] // The one that was listing the folder.
  }
}

serveLegacyStdio({
  name: 'printenv',
  tools: {
    printenv: () => ({
      env: process.env,
      args: process.argv.slice(2),
      folder: process.cwd(),
      openFiles: openFiles(),
    }),
  },
})
