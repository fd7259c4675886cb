import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'

/**
 * Ends hosted processes when the gateway can no longer do it, whatever ended the gateway. Disposing it ends the
 * groups that are still listed.
 */
export interface Reaper extends AsyncDisposable {
  add(groupId: number): void
  /** Call it once the group is gone: its number may soon belong to someone else. */
  remove(groupId: number): void
}

/**
 * Its input ends when the last holder of the other end is gone, which no way of dying prevents; then it ends every
 * group still on its list. It ignores the signals a service manager sends to all processes of a service at once.
 */
const SCRIPT = `
trap '' TERM INT HUP
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
signal() { for group in $groups; do kill "-$1" "-$group" 2>/dev/null; done; }
remain() { for group in $groups; do kill -0 "-$group" 2>/dev/null && return 0; done; return 1; }
signal TERM
tries=0
while remain && [ $tries -lt 20 ]; do sleep 0.1; tries=$((tries + 1)); done
signal KILL
`

/** A reaper that someone killed comes back, but not in a busy loop where there is no /bin/sh at all. */
const REVIVAL_MS = 1_000

/** Starts nothing before the first `add`. Not for Windows, where it does nothing. */
export function startReaper(): Reaper {
  return process.platform === 'win32' ? noReaper : new ShellReaper()
}

class ShellReaper implements Reaper {
  readonly #groups = new Set<number>()
  #shell: ChildProcess | undefined
  #disposed = false

  add(groupId: number) {
    this.#groups.add(groupId)
    if (this.#shell === undefined) this.#start()
    else this.#shell.stdin?.write(`+ ${groupId}\n`)
  }

  remove(groupId: number) {
    if (this.#groups.delete(groupId)) this.#shell?.stdin?.write(`- ${groupId}\n`)
  }

  async [Symbol.asyncDispose]() {
    this.#disposed = true
    const shell = this.#shell
    this.#shell = undefined
    if (shell?.pid === undefined) return
    shell.ref()
    shell.stdin?.end()
    await once(shell, 'exit')
  }

  #start() {
    const shell = spawnShell()
    this.#shell = shell
    shell.once('exit', () => this.#lost(shell))
    shell.on('error', () => this.#lost(shell))
    const lines = Array.from(this.#groups, (groupId) => `+ ${groupId}\n`)
    shell.stdin?.write(lines.join(''))
  }

  #lost(shell: ChildProcess) {
    if (this.#disposed || this.#shell !== shell) return
    this.#shell = undefined
    setTimeout(() => this.#revive(), REVIVAL_MS).unref()
  }

  #revive() {
    if (this.#shell === undefined && this.#groups.size > 0 && !this.#disposed) this.#start()
  }
}

/** Detached: a session of its own, which a signal to the gateway's terminal or group does not reach. */
function spawnShell(): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], {
    cwd: '/',
    detached: true,
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  if (shell.stdin !== null) letGoOf(shell.stdin)
  return shell
}

/** An idle reaper keeps no program alive, and writing to a dead one is no error: `exit` tells of it. */
function letGoOf(stdin: Writable) {
  stdin.on('error', () => {})
  if (stdin instanceof Socket) stdin.unref()
}

const noReaper: Reaper = { add() {}, remove() {}, async [Symbol.asyncDispose]() {} }
