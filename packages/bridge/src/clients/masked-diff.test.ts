import { expect, it } from 'vitest'
import { maskedDiff } from './masked-diff.ts'

const own = {
  text: '{\n  "mcpServers": {\n    "mcpgw": {\n      "command": "npx"\n    }\n  }\n}\n',
  entry: { command: 'npx' },
}
const show = (before: string, after: string) => maskedDiff({ file: 'f', before, after, own }).join('\n')

it('shows what is ours, and where in the file it stands', () => {
  const before = '{\n  "servers": {\n    "a": "x",\n    "b": {}\n  }\n}\n'
  const after =
    '{\n  "servers": {\n    "a": "x",\n    "b": {},\n    "mcpgw": {\n      "command": "npx"\n    }\n  }\n}\n'
  expect(show(before, after)).toMatchInlineSnapshot(`
    "--- f
    +++ f
    @@ -3,3 +3,6 @@
         "a": …
    -    "b": {}
    +    "b": {},
    +    "mcpgw": {
    +      "command": "npx"
    +    }
       }"
  `)
})

it.each([
  '"KEY": "hunter2"',
  '  "hunter2",',
  '  "args": ["--key", "hunter2"] // hunter2',
  'KEY = "hunter2"',
  'env = { KEY = "hunter2" }',
  'key: hunter2',
  '- hunter2',
  'hunter2/hunter2==',
  'hunter2=',
  '# hunter2',
])('shows nothing of %j in a line that is not ours', (line) => {
  const diff = show(`${line}\nx\n${line}\n`, `${line}\ny\n${line}\n`)
  expect(diff).not.toContain('hunter2')
})

it('shows of a file in one line only the entry', () => {
  const secret = `"k":"${'hunter2'.repeat(500)}"`
  const diff = show(`{${secret},"m":{}}`, `{${secret},"m":{"mcpgw":{"command":"npx"}}}`)
  expect(diff).toContain('… {"command":"npx"} …')
  expect(diff).not.toContain('hunter2')
})
