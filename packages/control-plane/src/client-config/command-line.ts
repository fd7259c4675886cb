import type { PackageRef } from '../model/server.ts'

/** What an entry's command line starts, as far as one can tell without that machine. */
export type Started =
  | { kind: 'package'; package: PackageRef; args: string[]; env: Record<string, string> }
  | { kind: 'program'; command: string; args: string[] }
  /** A way of starting something that cannot be taken over, and why. */
  | { kind: 'unclear'; reason: string }

/** Understands npx and its like, uvx and its like, docker and podman. Anything else is a program. */
export function readCommandLine(line: readonly string[], env: Readonly<Record<string, string>>): Started {
  const [command = '', ...args] = withoutShell(line)
  const words = [programName(command), ...args]
  for (const { words: start, read } of RUNNERS) {
    if (start.every((word, index) => word === words[index])) return read(words.slice(start.length), env)
  }
  return { kind: 'program', command, args }
}

/** `C:\Program Files\nodejs\npx.cmd` is npx. */
export function programName(command: string): string {
  return (/[^\\/]*$/.exec(command)?.[0] ?? '').replace(/\.(?:exe|cmd|bat|ps1)$/i, '')
}

/** On Windows some clients start npx by way of cmd; elsewhere some set variables by way of env. */
function withoutShell(line: readonly string[]): readonly string[] {
  const [command = '', first = ''] = line
  if (programName(command) === 'cmd' && /^\/c$/i.test(first)) return line.slice(2)
  return programName(command) === 'env' && first !== '' && !/[=-]/.test(first) ? line.slice(1) : line
}

interface Runner {
  words: readonly string[]
  read(args: readonly string[], env: Readonly<Record<string, string>>): Started
}

const RUNNERS: readonly Runner[] = [
  ...[
    ['npx'],
    ['npm', 'exec'],
    ['npm', 'x'],
    ['pnpm', 'dlx'],
    ['pnpx'],
    ['bunx'],
    ['bun', 'x'],
    ['yarn', 'dlx'],
  ].map((words) => ({ words, read: readNpm })),
  ...[['uvx'], ['uv', 'tool', 'run'], ['pipx', 'run']].map((words) => ({ words, read: readPypi })),
  ...['docker', 'podman', 'nerdctl'].flatMap((engine) =>
    [
      [engine, 'run'],
      [engine, 'container', 'run'],
    ].map((words) => ({ words, read: readOci })),
  ),
]

/** Flags in front of what is run: without a value, or with one as the next word or behind "=". */
interface Flags {
  plain: readonly string[]
  valued: readonly string[]
}

interface Taken {
  /** Values of valued flags, in order. */
  values: [flag: string, value: string][]
  rest: string[]
  /** A flag that is in neither list. */
  unknown?: string
}

function takeFlags(args: readonly string[], { plain, valued }: Flags): Taken {
  const values: [string, string][] = []
  let at = 0
  for (; at < args.length; at += 1) {
    const word = args[at] ?? ''
    if (word === '--') return { values, rest: args.slice(at + 1) }
    if (!word.startsWith('-') || word === '-') break
    const [flag = '', ...behind] = word.split('=')
    if (valued.includes(flag)) {
      // The value is glued on, or the next word.
      if (behind.length === 0) at += 1
      values.push([flag, behind.length > 0 ? behind.join('=') : (args[at] ?? '')])
    } else if (!plain.includes(flag)) return { values, rest: args.slice(at), unknown: flag }
  }
  return { values, rest: args.slice(at) }
}

const NPM_FLAGS = {
  plain: [
    '-y',
    '--yes',
    '-q',
    '--quiet',
    '--silent',
    '--prefer-offline',
    '--prefer-online',
    '--offline',
    '--bun',
    '--allow-remote',
  ],
  valued: ['-p', '--package'],
}

function readNpm(args: readonly string[]): Started {
  const { values, rest, unknown } = takeFlags(args, NPM_FLAGS)
  if (unknown !== undefined) return unknownFlag('npx', unknown)
  const [said = '', ...behind] = rest
  const [[, chosen] = ['', said], more] = values
  if (more !== undefined) return { kind: 'unclear', reason: 'It has npx install more than one package.' }
  const { identifier, version } = splitNpm(chosen)
  if (identifier === undefined)
    return { kind: 'unclear', reason: 'It runs something that is no package of the npm registry.' }
  if (chosen !== said && said !== identifier.replace(/^@.*\//, ''))
    return {
      kind: 'unclear',
      reason: `It runs a program of ${identifier} that is not named like the package.`,
    }
  return packageOf('npm', identifier, version, behind)
}

function splitNpm(text: string): { identifier?: string | undefined; version?: string | undefined } {
  const [, identifier, version] =
    /^((?:@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*)(?:@([^\s/:]+))?$/i.exec(text) ?? []
  return { identifier, version }
}

const PYPI_FLAGS = {
  plain: ['-q', '--quiet', '--isolated', '--refresh', '--no-cache', '--offline', '--native-tls'],
  valued: ['--from', '--python', '-p', '--spec'],
}

function readPypi(args: readonly string[]): Started {
  const { values, rest, unknown } = takeFlags(args, PYPI_FLAGS)
  if (unknown !== undefined) return unknownFlag('uvx', unknown)
  const [said = '', ...behind] = rest
  const chosen = values.find(([flag]) => flag === '--from' || flag === '--spec')?.[1] ?? said
  const [, identifier, version] =
    /^([a-z0-9][\w.-]*)(?:\[[\w,.-]*\])?(?:(?:==|@)([\w.!+-]+))?$/i.exec(chosen) ?? []
  if (identifier === undefined)
    return { kind: 'unclear', reason: 'It runs something that is no package of PyPI.' }
  if (chosen !== said && said !== identifier)
    return {
      kind: 'unclear',
      reason: `It runs a program of ${identifier} that is not named like the package.`,
    }
  return packageOf('pypi', identifier, version, behind)
}

const OCI_FLAGS = {
  plain: ['-i', '--interactive', '-t', '--tty', '-it', '-ti', '--rm', '--init'],
  valued: ['-e', '--env', '--name', '--pull'],
}

function readOci(args: readonly string[], env: Readonly<Record<string, string>>): Started {
  const { values, rest, unknown } = takeFlags(args, OCI_FLAGS)
  if (unknown !== undefined) return unknownFlag('docker', unknown)
  const [image = '', ...behind] = rest
  if (!/^[a-z0-9][\w./:-]*(?:@sha256:[a-f0-9]{64})?$/i.test(image))
    return { kind: 'unclear', reason: 'It names no image.' }
  const handed = values
    .filter(([flag]) => flag === '-e' || flag === '--env')
    .map(([, text]) => variableOf(text, env))
  return {
    kind: 'package',
    package: { registryType: 'oci', identifier: image },
    args: behind,
    env: Object.fromEntries(handed),
  }
}

/** `-e NAME` hands on the client's own variable: the entry's, or one of that machine. */
function variableOf(text: string, env: Readonly<Record<string, string>>): [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  return [text, Object.hasOwn(env, text) ? (env[text] ?? '') : `\${${text}}`]
}

function packageOf(
  registryType: 'npm' | 'pypi',
  identifier: string,
  version: string | undefined,
  args: string[],
): Started {
  return {
    kind: 'package',
    package: { registryType, identifier, ...(isExact(version) && { version }) },
    args,
    env: {},
  }
}

function isExact(version: string | undefined): version is string {
  return version !== undefined && /^\d+(?:\.\d+)+[\w.+!-]*$/.test(version)
}

function unknownFlag(program: string, flag: string): Started {
  // A flag that is written as it should be; it may have anything glued to it.
  const named = /^--?[a-z-]{1,30}$/.test(flag) ? ` "${flag}"` : ''
  return {
    kind: 'unclear',
    reason: `It uses an option of ${program}${named} that the gateway does not take over.`,
  }
}

/** An image and the tag or digest that pins it, which `latest` does not. */
export function splitImage(image: string): { name: string; pin?: string } {
  const [, name = image, pin] = /^(.+?)(?::([\w.-]+)|@(sha256:[a-f0-9]{64}))$/.exec(image) ?? []
  const said = pin ?? /@(sha256:[a-f0-9]{64})$/.exec(image)?.[1]
  const base = said === undefined ? image : name
  return said === undefined || said === 'latest' ? { name: base } : { name: base, pin: said }
}
