/**
 * Stands for the gateway in tests that kill it: starts three hosted servers, one of them stubborn and one no server
 * at all, and prints a line of JSON with the process ids of all of them and of the grandchild. Argument: a folder
 * to work in.
 */
import { join } from 'node:path'
import { openHostedProcess } from '../../src/upstream/hosted/hosted-process.ts'
import { closeInheritedFiles } from '../../src/upstream/hosted/inherited-files.ts'
import { startReaper } from '../../src/upstream/hosted/reaper.ts'

const folder = process.argv[2] ?? ''
closeInheritedFiles()
const reaper = startReaper()

function host(command: string, args: string[], onLine: (line: string) => void = () => {}) {
  return openHostedProcess(
    { command, args, env: {}, workingFolder: join(folder, 'work'), label: command },
    { onLine, onExit() {}, onNoise() {} },
    { nodePath: process.execPath, searchPath: '/usr/bin:/bin', reaper },
  )
}

const silent = host('node', [join(import.meta.dirname, 'silent-stdio.ts')])
const sleeper = host('sleep', ['60'])
const stubborn = host('node', [join(import.meta.dirname, 'stubborn-stdio.ts')], (line) => {
  const { own, grandchild } = JSON.parse(JSON.parse(line).result.content[0].text)
  const pids = { silent: silent.pid, sleeper: sleeper.pid, stubborn: own, grandchild }
  process.stdout.write(`${JSON.stringify(pids)}\n`)
})
stubborn.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'pids' } }))
