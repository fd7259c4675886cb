import { z } from 'zod'
import type { InputSchema, PromptDescription, ToolDescription } from './content-samples.ts'
import { noArguments } from './content-samples.ts'

/**
 * Tools, and one prompt, that ask the client something before they answer. Written once as rounds of
 * questions: a legacy server sends each as a request of its own, a modern one as an `input_required` result.
 */
export type Conversation = ToolDescription & {
  rounds: (situation: { args: Record<string, unknown>; capabilities: Record<string, unknown> }) => Questions[]
  conclude: (answers: Answers) => string
  /** Whether a modern server hands out sealed state, which it then insists on finding unchanged. */
  sealed: boolean
}
export type Questions = Record<string, Question>
export type Question =
  | { method: 'elicitation/create'; params: { message: string; requestedSchema: FormSchema } }
  | { method: 'sampling/createMessage'; params: { messages: SamplingMessage[]; maxTokens: number } }
  | { method: 'roots/list' }
type SamplingMessage = { role: 'user'; content: { type: 'text'; text: string } }
type FormSchema = { type: 'object'; properties: Record<string, FormField>; required?: string[] }
type Titled = { const: string; title: string }
type FormField =
  | { type: 'string'; description?: string; default?: string }
  | { type: 'string'; enum: string[]; enumNames?: string[]; default?: string }
  | { type: 'string'; oneOf: Titled[] }
  | { type: 'integer' | 'number'; default?: number }
  | { type: 'boolean'; default?: boolean }
  | { type: 'array'; items: { type: 'string'; enum: string[] } }
  | { type: 'array'; items: { anyOf: Titled[] } }

export type Answers = Record<string, Answer>
export type Answer = z.infer<(typeof answerSchemas)[Question['method']]>

const answerSchemas = {
  'elicitation/create': z.looseObject({
    action: z.enum(['accept', 'decline', 'cancel']),
    content: z.record(z.string(), z.unknown()).optional(),
  }),
  'sampling/createMessage': z.looseObject({ role: z.string(), content: z.unknown(), model: z.string() }),
  'roots/list': z.looseObject({ roots: z.array(z.looseObject({ uri: z.string() })) }),
}

/** The capability a client must have declared before it may be asked this. */
export function capabilityFor(question: Question): 'elicitation' | 'sampling' | 'roots' {
  if (question.method === 'elicitation/create') return 'elicitation'
  return question.method === 'roots/list' ? 'roots' : 'sampling'
}

/** The client's answer to the question, or undefined when what came is no answer to it. */
export function readAnswer(question: Question, value: unknown): Answer | undefined {
  return answerSchemas[question.method].safeParse(value).data
}

const nameField: FormSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
const confirmation: FormSchema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] }

const defaultsForm: FormSchema = {
  type: 'object',
  properties: {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
}

const choicesForm: FormSchema = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: titled('First Option', 'Second Option', 'Third Option') },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
    titledMulti: { type: 'array', items: { anyOf: titled('First Choice', 'Second Choice', 'Third Choice') } },
  },
}

export const conversations: Conversation[] = [
  openly({
    name: 'test_sampling',
    inputSchema: oneText('prompt'),
    rounds: ({ args }) => [{ reply: sampling(String(args.prompt)) }],
  }),
  openly({
    name: 'test_elicitation',
    inputSchema: oneText('message'),
    rounds: ({ args }) => [{ user: elicitation(String(args.message), contactForm()) }],
  }),
  openly({
    name: 'test_elicitation_sep1034_defaults',
    rounds: () => [{ defaults: elicitation('Check these values.', defaultsForm) }],
  }),
  openly({
    name: 'test_elicitation_sep1330_enums',
    rounds: () => [{ choices: elicitation('Choose.', choicesForm) }],
  }),
  openly({ name: 'test_missing_capability', rounds: () => [{ reply: sampling('Say something.') }] }),
  openly({
    name: 'test_streaming_elicitation',
    rounds: () => [{ user_name: elicitation('What is your name?', nameField) }],
  }),
  openly({
    name: 'test_input_required_result_elicitation',
    rounds: () => [{ user_name: elicitation('What is your name?', nameField) }],
    conclude: (answers) => `Hello, ${String(formValue(answers.user_name, 'name') ?? 'whoever you are')}!`,
  }),
  openly({
    name: 'test_input_required_result_sampling',
    rounds: () => [{ capital_question: sampling('What is the capital of France?') }],
  }),
  openly({
    name: 'test_input_required_result_list_roots',
    rounds: () => [{ client_roots: { method: 'roots/list' } }],
  }),
  openly({
    name: 'test_input_required_result_capabilities',
    rounds: ({ capabilities }) => [onlyWhatIsDeclared(capabilities)],
  }),
  sealed({
    name: 'test_input_required_result_request_state',
    rounds: () => [{ confirm: elicitation('Please confirm.', confirmation) }],
    conclude: () => 'state-ok',
  }),
  sealed({
    name: 'test_input_required_result_tampered_state',
    rounds: () => [{ confirm: elicitation('Please confirm.', confirmation) }],
    conclude: () => 'state-ok',
  }),
  sealed({
    name: 'test_input_required_result_multiple_inputs',
    rounds: () => [
      {
        user_name: elicitation('What is your name?', nameField),
        greeting: sampling('Write a greeting.'),
        client_roots: { method: 'roots/list' },
      },
    ],
  }),
  sealed({
    name: 'test_input_required_result_multi_round',
    rounds: () => [
      { step1: elicitation('First, what is your name?', nameField) },
      { step2: elicitation('And your favourite colour?', colourForm()) },
    ],
  }),
]

/** The one prompt that asks before it answers. */
export const askingPrompt: PromptDescription & Conversation = {
  arguments: [],
  ...openly({
    name: 'test_input_required_result_prompt',
    rounds: () => [{ user_context: elicitation('Which context?', contextForm()) }],
    conclude: (answers) => `The context is: ${String(formValue(answers.user_context, 'context'))}`,
  }),
}

type Script = Pick<Conversation, 'name' | 'rounds'> & Partial<Pick<Conversation, 'inputSchema' | 'conclude'>>

function openly(script: Script): Conversation {
  return {
    description: 'Asks the client, then answers.',
    inputSchema: noArguments,
    conclude: retell,
    sealed: false,
    ...script,
  }
}

function sealed(script: Script): Conversation {
  return { ...openly(script), sealed: true }
}

function retell(answers: Answers): string {
  return `The client answered ${JSON.stringify(answers)}.`
}

function formValue(answer: Answer | undefined, field: string): unknown {
  return answerSchemas['elicitation/create'].safeParse(answer).data?.content?.[field]
}

function onlyWhatIsDeclared(capabilities: Record<string, unknown>): Questions {
  const questions: Questions = {
    name: elicitation('What is your name?', nameField),
    reply: sampling('Say something.'),
  }
  const declared = Object.entries(questions).filter(([, question]) => capabilityFor(question) in capabilities)
  return Object.fromEntries(declared)
}

function elicitation(message: string, requestedSchema: FormSchema): Question {
  return { method: 'elicitation/create', params: { message, requestedSchema } }
}

function sampling(prompt: string): Question {
  const message: SamplingMessage = { role: 'user', content: { type: 'text', text: prompt } }
  return { method: 'sampling/createMessage', params: { messages: [message], maxTokens: 100 } }
}

function contactForm(): FormSchema {
  const properties: FormSchema['properties'] = { username: { type: 'string' }, email: { type: 'string' } }
  return { type: 'object', properties, required: ['username', 'email'] }
}

function colourForm(): FormSchema {
  return { type: 'object', properties: { color: { type: 'string' } }, required: ['color'] }
}

function contextForm(): FormSchema {
  return { type: 'object', properties: { context: { type: 'string' } }, required: ['context'] }
}

function titled(...titles: string[]): Titled[] {
  return titles.map((title, index) => ({ const: `value${index + 1}`, title }))
}

function oneText(name: string): InputSchema {
  return { type: 'object', properties: { [name]: { type: 'string' } }, required: [name] }
}
