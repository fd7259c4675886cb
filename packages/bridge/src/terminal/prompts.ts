import { printable } from './printable.ts'

export interface PromptStreams {
  readonly stdin: NodeJS.ReadStream
  readonly stderr: NodeJS.WriteStream
}

/** Questions to a person. What is asked may come from a server: it is shown as text on one line, and obeyed nowhere. */
export interface Prompts {
  /** The answer of who left the question with Ctrl-C. */
  readonly left: symbol
  confirm(question: string): Promise<boolean | symbol>
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

/** Loads what asks only now: no command but a few ever needs it. Asks on stderr, for stdout is for results. */
export async function openPrompts({ stdin, stderr }: PromptStreams): Promise<Prompts> {
  const { confirm, isCancel, multiselect, select, text } = await import('@clack/prompts')
  const left = Symbol('left')
  const streams = { input: stdin, output: stderr }
  const answered = <T>(answer: T | symbol): T | symbol => (isCancel(answer) ? left : answer)
  const shown = (choices: readonly Choice[]) =>
    choices.map(({ value, label }) => ({ value, label: onOneLine(label) }))
  return {
    left,
    confirm: async (question) => answered(await confirm({ message: onOneLine(question), ...streams })),
    async text(question, { check, read }) {
      const validate = (value: string | undefined) => check(value ?? '')
      const answer = await text({ message: onOneLine(question), validate, ...streams })
      return isCancel(answer) ? left : read(answer ?? '')
    },
    select: async (question, choices) =>
      answered(await select({ message: onOneLine(question), options: shown(choices), ...streams })),
    selectSome: async (question, choices, isRequired) =>
      answered(
        await multiselect({
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
