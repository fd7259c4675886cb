/** A server for a package: its one tool runs code and gives what that returns. Needs nothing but Node. */
export const LOOK_AROUND_SERVER = `#!/usr/bin/env node
const { createInterface } = require('node:readline')
const tool = { name: 'evaluate', inputSchema: { type: 'object', properties: { code: { type: 'string' } } } }
const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'look-around', version: '1' },
  }),
  'tools/list': () => ({ tools: [tool] }),
  'tools/call': ({ arguments: { code } }) => {
    const text = JSON.stringify(new Function('require', 'args', code)(require, process.argv.slice(2))) ?? 'null'
    return { content: [{ type: 'text', text }] }
  },
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) return
  const answer = answers[method]
  const outcome = answer ? { result: answer(params) } : { error: { code: -32601, message: 'unknown' } }
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }) + '\\n')
})
`
