import { readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, parse } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import type { Command } from 'commander'
import { BridgeError } from '../bridge-error.ts'
import { answerQuestions } from '../calls/answer-questions.ts'
import { argumentsFromWords, requireArguments } from '../calls/call-arguments.ts'
import { callTool } from '../calls/call-tool.ts'
import { type ResultFile, readResult, type ToolResult } from '../calls/tool-result.ts'
import { fetchTools, requireTool, type WorkspaceTool } from '../calls/workspace-tools.ts'
import { createAccess } from '../credentials/access.ts'
import { asString, type JsonObject } from '../json-object.ts'
import type { Console } from '../terminal/console.ts'
import { CommandEnd } from './command-end.ts'
import type { CommandContext } from './context.ts'
import { exitCodes } from './exit-code.ts'

interface CallOptions {
  args?: string
  timeout?: string
  out?: string
  workspace?: string
}

export function addCall(program: Command, context: CommandContext): void {
  program
    .command('call')
    .description('call a tool and print its result')
    .argument('<tool>', 'name of the tool, as mcpgw tools shows it')
    .argument('[arguments...]', 'name=text, or name:=JSON for anything else')
    .option('--args <json>', 'all arguments as JSON; @FILE reads a file, - reads stdin')
    .option('--timeout <seconds>', 'how long to wait for the answer, if not 300')
    .option('--out <file>', 'write the image, audio or file of the result here')
    .option('--workspace <url>', 'workspace to use instead of the default one')
    .option('--json', 'print the whole result as JSON')
    .action((name: string, words: string[], options: CallOptions) => call(name, words, options, context))
}

async function call(
  name: string,
  words: readonly string[],
  options: CallOptions,
  { settings, streams, console }: CommandContext,
): Promise<void> {
  const timeoutMs = readTimeout(options.timeout ?? '300')
  const given = await readGivenArguments(words, options.args, streams.stdin)
  if (options.out !== undefined) await requireFolder(options.out)
  const access = createAccess(settings, options.workspace)
  try {
    const tool = requireTool(await console.during('Looking for the tool', fetchTools(access)), name)
    const argumentsText = given ?? argumentsFromWords(words, tool.definition)
    const result = await callAndFollow({ access, tool, argumentsText, timeoutMs, console, streams })
    await print(result, { tool, out: options.out, console })
  } finally {
    await access.close()
  }
}

function callAndFollow(options: {
  access: ReturnType<typeof createAccess>
  tool: WorkspaceTool
  argumentsText: string
  timeoutMs: number
  console: Console
  streams: CommandContext['streams']
}): Promise<JsonObject> {
  const { access, tool, argumentsText, timeoutMs, console, streams } = options
  let show: (label: string) => void = () => undefined
  return callTool({
    access,
    tool,
    argumentsText,
    timeoutMs,
    onProgress: (progress) => show(`${tool.name} ${progressWords(progress)}`),
    answer: (questions) => answerQuestions({ questions, tool, console, streams }),
    during: (work) =>
      console.during(`Calling ${tool.name}`, (change) => {
        show = change
        return work
      }),
  })
}

function progressWords({ progress, total, message }: JsonObject): string {
  const amount = total === undefined ? `${progress}` : `${progress}/${total}`
  return `${amount} ${asString(message) ?? ''}`.trim()
}

function readTimeout(text: string): number {
  const seconds = Number(text)
  // Timers count to 2^31 ms.
  if (seconds > 0 && seconds <= 2_000_000) return seconds * 1000
  throw new BridgeError('usage', `"${text}" is no number of seconds.`, { fix: 'Write --timeout 30.' })
}

/** The arguments given as one JSON text, or undefined when they come as words or not at all. */
async function readGivenArguments(
  words: readonly string[],
  given: string | undefined,
  stdin: NodeJS.ReadStream,
): Promise<string | undefined> {
  if (given === undefined) return undefined
  if (words.length > 0) {
    throw new BridgeError('usage', `--args and "${words[0]}" are two ways to give arguments.`, {
      fix: 'Use one of them.',
    })
  }
  if (given === '-') return requireArguments(await readAll(stdin), 'stdin')
  if (given.startsWith('@')) return requireArguments(await readArgumentsFile(given.slice(1)), given.slice(1))
  return requireArguments(given, '--args')
}

async function readArgumentsFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new BridgeError('usage', `${path} cannot be read.`, { fix: 'Check the name of the file.', cause })
  })
}

/** Before the call, because what cannot be written then would be lost, and a call is not made twice. */
async function requireFolder(file: string): Promise<void> {
  const folder = dirname(file)
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder) throw new BridgeError('usage', `There is no folder ${folder}.`, { fix: 'Make it first.' })
}

async function print(
  result: JsonObject,
  { tool, out, console }: { tool: WorkspaceTool; out: string | undefined; console: Console },
): Promise<void> {
  const read = readResult(result)
  if (console.asJson || !read.isError) console.result(result, read.texts)
  await keepFiles(read, out, console)
  for (const kind of read.strangers) console.say(`It also gave "${kind}", which --json shows.`)
  if (!read.isError) return
  const words = read.texts.join('\n').trim() || `"${tool.name}" failed and did not say why.`
  const fix = `What it takes: mcpgw tools ${tool.name}`
  console.tellFailure(new BridgeError('tool_error', words, { fix }))
  throw new CommandEnd(exitCodes.failed)
}

async function keepFiles({ files }: ToolResult, out: string | undefined, console: Console): Promise<void> {
  for (const [index, file] of files.entries()) {
    if (out === undefined) console.say(`It gave ${words(file)}. To keep it, add --out FILE.`)
    else await keep(file, numbered(out, index), console)
  }
  if (out === undefined || files.length > 0) return
  console.tellFailure(new BridgeError('tool_error', `The result holds no file, so ${out} was not written.`))
  throw new CommandEnd(exitCodes.failed)
}

async function keep(file: ResultFile, path: string, console: Console): Promise<void> {
  await writeFile(path, file.bytes).catch((cause: unknown) => {
    throw new BridgeError('storage', `${path} cannot be written.`, { cause })
  })
  console.say(`It gave ${words(file)}, now in ${path}.`)
}

function words({ kind, mimeType, bytes }: ResultFile): string {
  const article = /^[aeiou]/.test(kind) ? 'an' : 'a'
  return `${article} ${kind} (${mimeType}, ${bytes.length.toLocaleString('en')} bytes)`
}

/** FILE.png, FILE-2.png, … */
function numbered(path: string, index: number): string {
  if (index === 0) return path
  const { ext } = parse(path)
  return `${path.slice(0, path.length - ext.length)}-${index + 1}${ext}`
}
