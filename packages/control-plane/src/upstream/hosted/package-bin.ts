import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { extname, join, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import { GatewayError } from '../../model/error.ts'

/** What starts an installed package. */
export interface PackageBin {
  command: string
  /** Come before the arguments. */
  before: string[]
  args: string[]
}

const manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  bin: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
})

/** What an installed package says of itself; undefined where it is not. */
export function readManifest(
  folder: string,
  identifier: string,
): { version: string; bins: [name: string, file: string][] } | undefined {
  try {
    const text = readFileSync(join(folder, 'node_modules', identifier, 'package.json'), 'utf8')
    const { version, bin = {} } = manifest.parse(JSON.parse(text))
    return { version, bins: typeof bin === 'string' ? [[identifier, bin]] : Object.entries(bin) }
  } catch {
    return undefined
  }
}

/**
 * The program of a package in a store, started by its file and not through the link that npm makes: some programs look
 * at how they were called. With several, it is the one named like the package, else the one that the first argument
 * names, which is then no argument, else the one named "mcp". Throws `configuration` where there is none.
 */
export function packageBin(folder: string, identifier: string, args: readonly string[]): PackageBin {
  const bins = readManifest(folder, identifier)?.bins ?? []
  const [, file] = onlyBin(bins) ?? bins.find(([name]) => isNamedLike(name, identifier)) ?? []
  if (file !== undefined) return started(identifier, { folder, file }, [...args])
  const named = bins.find(([name]) => name === args[0])
  if (named !== undefined) return started(identifier, { folder, file: named[1] }, args.slice(1))
  const [, usual] = bins.find(([name]) => name === 'mcp') ?? []
  if (usual !== undefined) return started(identifier, { folder, file: usual }, [...args])
  throw withoutBin(
    identifier,
    bins.map(([name]) => name),
  )
}

/** Several names may stand for one program. */
function onlyBin(bins: [string, string][]): [string, string] | undefined {
  return new Set(bins.map(([, file]) => join('/', file))).size === 1 ? bins[0] : undefined
}

function isNamedLike(name: string, identifier: string): boolean {
  return name === identifier || name === identifier.split('/').at(-1)
}

interface Bin {
  folder: string
  file: string
}

function started(identifier: string, { folder, file }: Bin, args: string[]): PackageBin {
  const home = join(folder, 'node_modules', identifier)
  const path = resolve(home, file)
  if (relative(home, path).split(sep)[0] === '..') throw withoutBin(identifier, [])
  const flags = nodeFlags(path)
  return flags === undefined
    ? { command: path, before: [], args }
    : { command: 'node', before: [...flags, path], args }
}

/** The flags with which a script asks for Node; undefined for a program that is not for Node. */
export function nodeFlags(path: string): string[] | undefined {
  const [, interpreter, rest = ''] = /^#!\s*(\S+)[ \t]*([^\r\n]*)/.exec(firstBytes(path)) ?? []
  if (interpreter === undefined) return ['.js', '.mjs', '.cjs'].includes(extname(path)) ? [] : undefined
  const words = [interpreter, ...rest.split(/\s+/)].filter((word) => word !== '' && word !== '-S')
  if (/(?:^|\/)env$/.test(words[0] ?? '')) words.shift()
  const [program, ...flags] = words
  return /(?:^|\/)node$/.test(program ?? '') ? flags : undefined
}

function firstBytes(path: string): string {
  try {
    const file = openSync(path, 'r')
    const bytes = Buffer.alloc(256)
    const length = readSync(file, bytes)
    closeSync(file)
    return bytes.toString('latin1', 0, length)
  } catch {
    return ''
  }
}

function withoutBin(identifier: string, names: string[]): GatewayError {
  if (names.length === 0)
    return new GatewayError('configuration', `The npm package "${identifier}" has no program to start.`, {
      fix: 'Look in its documentation for the package that is the server.',
    })
  const list = names.slice(0, 20).join(', ')
  return new GatewayError(
    'configuration',
    `The npm package "${identifier}" has several programs, and none has its name: ${list}.`,
    { fix: 'Give the name of the one that is the server as the first argument.' },
  )
}
