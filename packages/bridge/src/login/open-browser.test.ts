import { expect, it } from 'vitest'
import { openersFor } from './open-browser.ts'

const address = 'https://gateway.test/oauth/authorize?state=a&device_name=a%20b'

it.each([
  ['darwin', {}, [['/usr/bin/open', address]]],
  ['linux', {}, [['xdg-open', address]]],
  [
    'linux',
    { WSL_DISTRO_NAME: 'Debian' },
    [
      ['wslview', address],
      ['xdg-open', address],
    ],
  ],
  [
    'win32',
    { SystemRoot: 'D:\\Windows' },
    [['D:\\Windows\\System32\\rundll32.exe', 'url.dll,FileProtocolHandler', address]],
  ],
] as const)('opens a browser on %s without a shell', (platform, environment, expected) => {
  const openers = openersFor(address, { platform, environment })
  expect(openers.map(({ file, args }) => [file, ...args])).toEqual(expected)
})

it.each([
  'file:///etc/passwd',
  'javascript:alert(1)',
  'ms-settings:',
  'data:text/html,x',
  'vscode://x',
  '--help',
  '$(id)',
  'calc.exe',
  '\\\\evil\\share',
  '',
])('opens nothing for %j', (text) => {
  for (const platform of ['darwin', 'linux', 'win32'] as const) {
    expect(openersFor(text, { platform, environment: {} })).toEqual([])
  }
})

it.each([`https://a.test/"&calc"`, 'https://a.test/`id`', 'https://a.test/ --flag', 'https://a.test/\n-x'])(
  'hands %j over as one harmless argument',
  (text) => {
    const [opener] = openersFor(text, { platform: 'linux', environment: {} })
    expect(opener?.args).toHaveLength(1)
    expect(opener?.args[0]).toMatch(/^https:\/\/a\.test\/[^\s"`]*$/)
  },
)
