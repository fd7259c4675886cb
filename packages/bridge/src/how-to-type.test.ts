import { expect, it } from 'vitest'
import { commandOf, inWords } from './how-to-type.ts'

const workspace = 'https://gateway.example.com/ws/eng'
const advice = 'Type: mcpgw login https://gateway.example.com/ws/eng'

it('leaves the command as it is where it is installed', () => {
  expect(inWords(advice, commandOf('/usr/local/lib/node_modules/mcpgw/dist/mcpgw.js', undefined))).toBe(
    advice,
  )
})

it('says npx to who started the published package with it', () => {
  const command = commandOf('/home/ada/.npm/_npx/0c1/node_modules/mcpgw/dist/mcpgw.js', undefined)
  expect(inWords(advice, command)).toBe(`Type: npx -y mcpgw@1 login ${workspace}`)
})

it('says the URL to who started the copy of a workspace', () => {
  const command = commandOf('/home/ada/.npm/_npx/1/node_modules/mcpgw-eng-1/dist/mcpgw.js', workspace)
  expect(inWords('Type: mcpgw login', command)).toBe(`Type: npx -y --allow-remote=all ${workspace} login`)
})

it.each(['mcpgw: stopped', 'Could not read /etc/mcpgw login', 'mcpgw is not loginable', 'a mcpgw_login'])(
  'does not touch "%s"',
  (text) => {
    expect(inWords(text, 'npx -y mcpgw@1')).toBe(text)
  },
)
