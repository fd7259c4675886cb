import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bridgeEnvironment } from './support/bridge-process.ts'
import { finish, runCommand } from './support/run-command.ts'

async function scriptFor(shell: string): Promise<string> {
  const { stdout } = await runCommand(['completion', shell], { env: bridgeEnvironment() })
  const file = join(mkdtempSync(join(tmpdir(), 'mcpgw-completion-')), 'script')
  writeFileSync(file, stdout)
  return file
}

/** What bash offers after these words, the last of which is being written. */
async function completedByBash(...words: string[]): Promise<string[]> {
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mcpgw; printf '%s\\n' "\${COMPREPLY[@]}"`
  const file = await scriptFor('bash')
  const child = spawn('bash', ['--norc', '-c', script, 'bash', file, 'mcpgw', ...words], {
    env: bridgeEnvironment(),
  })
  const { code, stdout, stderr } = await finish(child)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout.trim() === '' ? [] : stdout.trim().split('\n')
}

it.each([
  [['lo'], ['login', 'logout']],
  [['ta'], ['tail']],
  [['--v'], ['--version']],
  [
    ['tools', '--se'],
    ['--server', '--search'],
  ],
  [['tail', '--outcome', 'd'], ['denied']],
  [
    ['completion', ''],
    ['bash', 'fish', 'powershell', 'zsh', '--help'],
  ],
  [['help', 'who'], ['whoami']],
  // Nothing of ours: bash goes on with the names of files.
  [['call', '--out', 'x'], []],
])('completes in bash: %j', async (words, offered) => {
  expect(await completedByBash(...words)).toEqual(offered)
})

it('is what bash asks once the script was sourced', async () => {
  const file = await scriptFor('bash')
  const child = spawn('bash', ['--norc', '-c', 'source "$1"; complete -p mcpgw', 'bash', file])
  expect((await finish(child)).stdout).toBe('complete -o default -F _mcpgw mcpgw\n')
})

const isInstalled = (program: string) => spawnSync(program, ['--version']).error === undefined

it.skipIf(!isInstalled('zsh'))(
  'is a script that zsh takes (skipped where zsh is not installed)',
  async () => {
    const file = await scriptFor('zsh')
    const script = 'autoload -U compinit; compinit -D; source "$1"; print $_comps[mcpgw]'
    expect((await finish(spawn('zsh', ['-f', '-c', script, 'zsh', file]))).stdout).toBe('_mcpgw\n')
  },
)

it('completes in fish', async ({ skip }) => {
  if (!isInstalled('fish')) return skip('fish is not installed')
  const file = await scriptFor('fish')
  const child = spawn('fish', ['--no-config', '-c', `source ${file}; complete -C 'mcpgw lo'`])
  expect((await finish(child)).stdout).toMatch(/^login\t.*\nlogout\t/)
})

it('completes in PowerShell', async ({ skip }) => {
  if (!isInstalled('pwsh')) return skip('PowerShell is not installed')
  const file = await scriptFor('powershell')
  const complete = "[System.Management.Automation.CommandCompletion]::CompleteInput('mcpgw lo', 8, $null)"
  const script = `Get-Content -Raw ${file} | Invoke-Expression; ${complete}.CompletionMatches.CompletionText`
  const child = spawn('pwsh', ['-NoProfile', '-Command', script])
  expect((await finish(child)).stdout.trim().split(/\r?\n/)).toEqual(['login', 'logout'])
})

it('is made for all four shells from the commands there are', async () => {
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    const { code, stdout } = await runCommand(['completion', shell], { env: bridgeEnvironment() })
    expect(code).toBe(0)
    for (const word of ['whoami', 'outcome', 'tool_error', 'with-token']) expect(stdout).toContain(word)
  }
})
