import { printable } from './printable.ts'
import { untilInputEnds } from './until-input-ends.ts'

export interface PromptStreams {
  readonly stdin: NodeJS.ReadStream
  readonly stderr: NodeJS.WriteStream
}

/** Questions to a person. What is asked may come from a server: it is shown as text on one line, and obeyed nowhere. */
export interface Prompts {
  /** The answer of who left the question with Ctrl-C or Ctrl-D. */
  readonly left: symbol
  confirm(question: string): Promise<boolean | symbol>
  /** What is typed or pasted is not shown. */
  secret(question: string): Promise<string | symbol>
  text<T>(
    question: string,
    options: { check: (text: string) => string | undefined; read: (text: string) => T },
  ): Promise<T | symbol>
  select(question: string, choices: readonly Choice[]): Promise<string | symbol>
  selectSome(question: string, choices: readonly Choice[], isRequired: boolean): Promise<string[] | symbol>
}

interface Choice {
  readonly value: string
  readonly label: string
}

interface Asked {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly signal: AbortSignal
}

/** Loads what asks only now: no command but a few ever needs it. Asks on stderr, for stdout is for results. */
export async function openPrompts({ stdin, stderr }: PromptStreams): Promise<Prompts> {
  const { confirm, isCancel, multiselect, password, select, text } = await import('@clack/prompts')
  const left = Symbol('left')
  async function answered<T>(ask: (streams: Asked) => Promise<T | symbol>): Promise<T | symbol> {
    const answer = await untilInputEnds(stdin, (signal) => ask({ input: stdin, output: stderr, signal }))
    return isCancel(answer) ? left : answer
  }
  const shown = (choices: readonly Choice[]) =>
    choices.map(({ value, label }) => ({ value, label: onOneLine(label) }))
  return {
    left,
    confirm: (question) => answered((streams) => confirm({ message: onOneLine(question), ...streams })),
    secret: (question) => answered((streams) => password({ message: onOneLine(question), ...streams })),
    async text(question, { check, read }) {
      const validate = (value: string | undefined) => check(value ?? '')
      const answer = await answered((streams) => text({ message: onOneLine(question), validate, ...streams }))
      return typeof answer === 'symbol' ? left : read(answer ?? '')
    },
    select: (question, choices) =>
      answered((streams) => select({ message: onOneLine(question), options: shown(choices), ...streams })),
    selectSome: (question, choices, isRequired) =>
      answered((streams) =>
        multiselect({
          message: onOneLine(question),
          options: shown(choices),
          required: isRequired,
          ...streams,
        }),
      ),
  }
}

function onOneLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ')
}
