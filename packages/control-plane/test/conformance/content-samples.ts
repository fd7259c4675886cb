/**
 * What both fixture servers offer: the tools, prompts and resources that the official server scenarios call
 * by name. Plain wire objects, so that either SDK can serve them and neither can change them.
 */

/** One red pixel. */
const pngBase64 =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC'
/** Eight samples of silence, mono, 8 kHz. */
const wavBase64 = 'UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA=='

export type TextContent = { type: 'text'; text: string }
export type Content =
  | TextContent
  | { type: 'image'; data: string; mimeType: string }
  | { type: 'audio'; data: string; mimeType: string }
  | { type: 'resource'; resource: TextResource }
export type TextResource = { uri: string; mimeType: string; text: string }
export type Resource = TextResource | { uri: string; mimeType: string; blob: string }
export type InputSchema = { type: 'object'; [keyword: string]: unknown }
export type ToolDescription = { name: string; description: string; inputSchema: InputSchema }
export type ToolAnswer = { content: Content[]; isError?: boolean }
export type SimpleTool = ToolDescription & { answer: (args: Record<string, unknown>) => ToolAnswer }
export type PromptDescription = {
  name: string
  description: string
  arguments: { name: string; description: string; required: boolean }[]
}
export type PromptAnswer = { messages: { role: 'user'; content: Content }[] }

export const noArguments: InputSchema = { type: 'object', properties: {} }

export function text(value: string): TextContent {
  return { type: 'text', text: value }
}

/** Tools that answer at once, without asking or telling the client anything on the way. */
export const simpleTools: SimpleTool[] = [
  answering('test_simple_text', 'Answers with one text.', text('A plain text, for the scenarios.')),
  answering('test_image_content', 'Answers with one image.', image()),
  answering('test_audio_content', 'Answers with one sound.', {
    type: 'audio',
    data: wavBase64,
    mimeType: 'audio/wav',
  }),
  answering('test_embedded_resource', 'Answers with one embedded resource.', {
    type: 'resource',
    resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'The embedded text.' },
  }),
  answering(
    'test_multiple_content_types',
    'Answers with a text, an image and a resource.',
    text('Three kinds of content:'),
    image(),
    {
      type: 'resource',
      resource: {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: '{"test":"data","value":123}',
      },
    },
  ),
  {
    name: 'test_error_handling',
    description: 'Always answers with an error.',
    inputSchema: noArguments,
    answer: () => ({ content: [text('This tool fails on purpose.')], isError: true }),
  },
  {
    name: 'test_header_parameter',
    description: 'Takes a parameter that HTTP clients repeat in a header.',
    inputSchema: {
      type: 'object',
      properties: { region: { type: 'string', description: 'Any word.', 'x-mcp-header': 'Region' } },
      required: ['region'],
    },
    answer: (args) => ({ content: [text(`The region is ${String(args.region)}.`)] }),
  },
  {
    name: 'json_schema_2020_12_tool',
    description: 'Describes its arguments with keywords of JSON Schema 2020-12.',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, and nobody awaits it
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    answer: (args) => ({ content: [text(`Received ${JSON.stringify(args)}.`)] }),
  },
]

/** Tools that need the server's own hands: each fixture says how it does them. */
export const activeTools = {
  progress: describeTool('test_tool_with_progress', 'Reports progress 0, 50 and 100 of 100 while it works.'),
  logging: describeTool('test_tool_with_logging', 'Writes three log messages while it works.'),
  quietLogging: describeTool('test_logging_tool', 'Writes one log message, for clients that asked for them.'),
  reconnection: describeTool(
    'test_reconnection',
    'Closes its stream half-way; the answer waits for the reconnect.',
  ),
  changeTools: describeTool('test_trigger_tool_change', 'Adds or removes one tool and announces it.'),
  changePrompts: describeTool('test_trigger_prompt_change', 'Adds or removes one prompt and announces it.'),
} as const

export const logMessages = ['Work has started', 'Work goes on', 'Work is done']
export const progressSteps = [0, 50, 100]
/** The scenarios ask for about this pause, so that messages arrive one by one. */
export const pauseMs = 50

/** Present or absent from the lists, in turns. */
export const changingTool: SimpleTool = answering(
  'test_sometimes_listed',
  'Comes and goes.',
  text('I am here.'),
)
export const changingPrompt = describePrompt('test_prompt_sometimes_listed', 'Comes and goes.')

export const prompts: PromptDescription[] = [
  describePrompt('test_simple_prompt', 'A prompt without arguments.'),
  describePrompt('test_prompt_with_arguments', 'A prompt with two arguments.', 'arg1', 'arg2'),
  describePrompt('test_prompt_with_embedded_resource', 'A prompt that embeds a resource.', 'resourceUri'),
  describePrompt('test_prompt_with_image', 'A prompt that shows an image.'),
]

/** The prompt with its arguments filled in, or undefined when there is none of that name. */
export function getPrompt(name: string, args: Record<string, string>): PromptAnswer | undefined {
  const content = promptContent(name, args)
  return content && { messages: content.map((item) => ({ role: 'user', content: item })) }
}

function promptContent(name: string, args: Record<string, string>): Content[] | undefined {
  switch (name) {
    case 'test_simple_prompt':
      return [text('A prompt, for the scenarios.')]
    case 'test_prompt_with_arguments':
      return [text(`arg1 is '${args.arg1}' and arg2 is '${args.arg2}'`)]
    case 'test_prompt_with_embedded_resource':
      return [embedded(args.resourceUri ?? 'test://static-text'), text('Use the resource above.')]
    case 'test_prompt_with_image':
      return [image(), text('Describe the image above.')]
    case changingPrompt.name:
      return [text('I am here.')]
    default:
      return undefined
  }
}

/** Suggestions for an argument of a prompt or a resource template. */
export function complete(typed: string): {
  completion: { values: string[]; total: number; hasMore: boolean }
} {
  const values = ['paris', 'park', 'party', 'test-first', 'test-second'].filter((word) =>
    word.startsWith(typed),
  )
  return { completion: { values, total: values.length, hasMore: false } }
}

export const resources = [
  {
    uri: 'test://static-text',
    name: 'static-text',
    description: 'A text that never changes.',
    mimeType: 'text/plain',
  },
  { uri: 'test://static-binary', name: 'static-binary', description: 'An image.', mimeType: 'image/png' },
  {
    uri: 'test://watched-resource',
    name: 'watched-resource',
    description: 'A text to subscribe to.',
    mimeType: 'text/plain',
  },
]

export const resourceTemplates = [
  {
    uriTemplate: 'test://template/{id}/data',
    name: 'template-data',
    description: 'The data of one id.',
    mimeType: 'application/json',
  },
]

/** The contents under a URI, or undefined when there is no such resource. */
export function readResource(uri: string): Resource | undefined {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1]
  if (id !== undefined)
    return { uri, mimeType: 'application/json', text: JSON.stringify({ id, data: `The data of ${id}` }) }
  switch (uri) {
    case 'test://static-text':
      return { uri, mimeType: 'text/plain', text: 'The text that never changes.' }
    case 'test://static-binary':
      return { uri, mimeType: 'image/png', blob: pngBase64 }
    case 'test://watched-resource':
      return { uri, mimeType: 'text/plain', text: 'The text one can subscribe to.' }
    default:
      return undefined
  }
}

function answering(name: string, description: string, ...content: Content[]): SimpleTool {
  return { ...describeTool(name, description), answer: () => ({ content }) }
}

function describeTool(name: string, description: string): ToolDescription {
  return { name, description, inputSchema: noArguments }
}

function describePrompt(name: string, description: string, ...required: string[]): PromptDescription {
  const describeArgument = (argument: string) => ({
    name: argument,
    description: 'Any text.',
    required: true,
  })
  return { name, description, arguments: required.map(describeArgument) }
}

function image(): Content {
  return { type: 'image', data: pngBase64, mimeType: 'image/png' }
}

function embedded(uri: string): Content {
  return { type: 'resource', resource: { uri, mimeType: 'text/plain', text: 'The embedded text.' } }
}
