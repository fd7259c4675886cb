import { describe, expect, it } from 'vitest'
import type { EntryPlace } from './format.ts'
import { formats } from './formats.ts'

const entry = { command: 'npx', args: ['-y', 'mcpgw@1'], env: { PATH: '/a b:/c' } }
const servers: EntryPlace = { container: 'mcpServers' }
const tables: EntryPlace = { container: 'mcp_servers' }
const list: EntryPlace = { container: 'mcpServers', isList: true }
const removed = { dropContainer: false }

const jsonTexts: Record<string, string> = {
  'two spaces': '{\n  "mcpServers": {\n    "a": { "command": "x" }\n  },\n  "z": 1\n}\n',
  tabs: '{\n\t"mcpServers": {\n\t\t"a": {\n\t\t\t"command": "x"\n\t\t}\n\t}\n}',
  CRLF: '{\r\n    "z": [1],\r\n    "mcpServers": {\r\n        "a": {}\r\n    }\r\n}\r\n',
  'a trailing comma': '{\n  "mcpServers": {\n    "a": {},\n  },\n}\n',
  'a comment behind the last entry': '{\n  "mcpServers": {\n    "a": {} // mine\n  }\n}\n',
  'a comment behind a trailing comma': '{\n  "mcpServers": {\n    "a": {}, // mine\n    // later\n  }\n}\n',
  'a comment of several lines': '{\n  "mcpServers": {\n    "a": {} /* mine,\n    not yours */\n  }\n}\n',
  'a comma on a line of its own': '{\n  "mcpServers": {\n    "a": {}\n    ,\n  }\n}\n',
  'one line': '{"mcpServers":{"a":{"command":"x"}},"z":1}',
  'an entry in one line': '{\n  "mcpServers": { "a": { "command": "x" } }\n}\n',
  'braces in strings': '{\n  "mcpServers": {\n    "}": "{,}" // , }\n  }\n}\n',
  'an empty container': '{\n  "mcpServers": {},\n  "z": 1\n}\n',
}

const tomlTexts: Record<string, string> = {
  'other tables': '# mine\nmodel = "x"\n\n[mcp_servers.a]\ncommand = "x" # why\n\n[z]\nb = 1\n',
  CRLF: 'model = "x"\r\n\r\n[z]\r\nb = 1\r\n',
  'headers in strings': 'a = """\n[mcp_servers.other]\n"""\n',
  'big numbers and dates': 'n = 9007199254740993\nd = 1979-05-27T07:32:00Z\n',
}

const yamlTexts: Record<string, string> = {
  'other entries': '# mine\nmcpServers: # these\n  # first\n  a:\n    command: x\n  # tail\nz: 1\n',
  CRLF: 'z: 1\r\nmcpServers:\r\n    a:\r\n        command: "x"\r\n',
  'long and folded text': `mcpServers:\n  a:\n    text: >-\n      ${'long '.repeat(60)}\n      text\n\nz: 'q'\n`,
}

const yamlLists: Record<string, string> = {
  'a list beside its key': 'name: c\nmcpServers:\n- name: a\n  command: x\nz: 1\n',
  'an indented list': 'name: c\nmcpServers:\n  # first\n  - name: a\n    args: [ "1" ]\n',
}

const cases = [
  ...Object.entries(jsonTexts).map(([name, text]) => ['json', name, text, servers] as const),
  ...Object.entries(tomlTexts).map(([name, text]) => ['toml', name, text, tables] as const),
  ...Object.entries(yamlTexts).map(([name, text]) => ['yaml', name, text, servers] as const),
  ...Object.entries(yamlLists).map(([name, text]) => ['yaml', name, text, list] as const),
]

describe.each(cases)('%s with %s', (format, _, text, place) => {
  const { parse, write, remove } = bound(format)
  const ours = place.isList === true ? { name: 'mcpgw', ...entry } : entry

  it('gains the entry and nothing else', () => {
    const container = parse(text)[place.container]
    const others = container ?? (place.isList === true ? [] : {})
    const expected = Array.isArray(others)
      ? expect.arrayContaining([ours, ...others])
      : { ...others, mcpgw: ours }
    expect(parse(write(text, place, 'mcpgw', ours))).toEqual({ ...parse(text), [place.container]: expected })
  })

  it('has its old bytes again when the entry goes', () => {
    const isNew = parse(text)[place.container] === undefined
    const written = write(text, place, 'mcpgw', ours)
    expect(remove(written, place, 'mcpgw', { dropContainer: isNew })).toBe(text)
  })

  it('is the same after the entry is written twice', () => {
    const once = write(text, place, 'mcpgw', ours)
    expect(write(once, place, 'mcpgw', ours)).toBe(once)
    expect(text.includes('\r\n') && /[^\r]\n/.test(once)).toBe(false)
  })
})

function bound(name: keyof typeof formats) {
  const format = formats[name]
  return {
    parse: format.parse.bind(format),
    write: format.write.bind(format),
    remove: format.remove.bind(format),
  }
}

describe('json', () => {
  const { json } = formats

  it('adds the container where there is none', () => {
    expect(json.write('{\n\t"z": 1\n}\n', servers, 'mcpgw', { a: 1 })).toBe(
      '{\n\t"z": 1,\n\t"mcpServers": {\n\t\t"mcpgw": {\n\t\t\t"a": 1\n\t\t}\n\t}\n}\n',
    )
  })

  it('keeps comments of a file that has nothing else', () => {
    expect(json.write('// mine\n', servers, 'm', {})).toBe(
      '// mine\n{\n  "mcpServers": {\n    "m": {}\n  }\n}\n',
    )
  })

  it('leaves the entries before and behind a removed one as they are', () => {
    const text = '{"mcpServers": {\n  // a\n  "a": 1, // a\n  "m": {}, // m\n  "b": 2\n}}'
    expect(json.remove(text, servers, 'm', removed)).toBe(
      '{"mcpServers": {\n  // a\n  "a": 1, // a\n  "b": 2\n}}',
    )
  })

  it.each([
    ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3'],
    ['{ "mcpServers": [] }', 'line 1, column 17'],
    ['[]', 'line 1, column 1'],
    ['{ "mcpServers": {', 'line 1'],
  ])('says where %j cannot be read', (text, words) => {
    expect(() => json.write(text, servers, 'm', {})).toThrow(words)
  })
})

describe('toml', () => {
  const { toml } = formats

  it('removes the tables below the entry, and keeps the comments of the next', () => {
    const text = 'a = 1\n\n[mcp_servers.m]\ncommand = "x"\n\n[mcp_servers.m.env]\nA = "b"\n\n# of z\n[z]\n'
    expect(toml.remove(text, { container: 'mcp_servers' }, 'm', removed)).toBe('a = 1\n\n# of z\n[z]\n')
  })

  it('says where it cannot be read, and shows nothing of the file', () => {
    const read = () => toml.parse('a = 1\nsecret = hunter2\n')
    expect(read).toThrow('line 2')
    expect(read).not.toThrow('hunter2')
  })
})

describe('yaml', () => {
  const { yaml } = formats

  it.each(['extensions:\nz: 1\n', 'extensions: {} # none\nz: 1\n', 'z: 1\n', '# mine\n', ''])(
    'adds the entry to %j',
    (text) => {
      const written = yaml.write(text, { container: 'extensions' }, 'm', { cmd: 'npx', args: ['@a: b'] })
      expect(yaml.parse(written)).toEqual({
        ...yaml.parse(text),
        extensions: { m: { cmd: 'npx', args: ['@a: b'] } },
      })
    },
  )

  it('refuses a file with several documents', () => {
    expect(() => yaml.parse('a: 1\n---\nb: 2\n')).toThrow('more than one document')
  })

  it('says where it cannot be read', () => {
    expect(() => yaml.parse('a: 1\nb: {]\n')).toThrow('line 2')
  })
})
