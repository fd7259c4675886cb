import { describe, expect, it } from 'vitest'
import { GatewayError } from '../model/error.ts'
import { deploymentsOfServerJson } from './deployment.ts'
import { planServer } from './plan.ts'
import { serverJson } from './server-json.ts'

function only(parts: object) {
  const server = serverJson.parse({ name: 'com.example/it', description: 'It', version: '1.0.0', ...parts })
  const [deployment] = deploymentsOfServerJson(server)
  if (deployment === undefined) throw new Error('There is no deployment.')
  return deployment
}

const remote = (parts: object) =>
  only({ remotes: [{ type: 'streamable-http', url: 'https://mcp.example.com/mcp', ...parts }] })

const npm = (parts: object) =>
  only({
    websiteUrl: 'https://example.com',
    packages: [
      {
        registryType: 'npm',
        identifier: 'it-mcp',
        version: '1.2.3',
        transport: { type: 'stdio' },
        ...parts,
      },
    ],
  })

const TOKEN = {
  headers: [
    {
      name: 'Authorization',
      value: 'Bearer {TOKEN}',
      isSecret: true,
      isRequired: true,
      variables: { TOKEN: { description: 'A token' } },
    },
  ],
}

function refusal(act: () => unknown): GatewayError {
  try {
    act()
  } catch (error) {
    if (error instanceof GatewayError) return error
  }
  throw new Error('It was not refused.')
}

describe('a remote server from the catalog', () => {
  it('has its secret in the credential, and a placeholder in the header', () => {
    expect(planServer(remote(TOKEN), { TOKEN: 's3cret' })).toEqual({
      target: {
        kind: 'remote',
        url: 'https://mcp.example.com/mcp',
        transport: 'streamable-http',
        headers: { Authorization: 'Bearer {{TOKEN}}' },
      },
      credential: { TOKEN: 's3cret' },
    })
  })

  it('takes a header without a text of its own whole, under a name that a credential can have', () => {
    const deployment = remote({ headers: [{ name: 'X-Api-Key', isSecret: true, isRequired: true }] })
    expect(deployment.needs).toEqual([
      {
        name: 'X_Api_Key',
        isSecret: true,
        isRequired: true,
        format: 'string',
        goesInto: { kind: 'header', name: 'X-Api-Key' },
      },
    ])
    expect(planServer(deployment, { X_Api_Key: 'k' }).target).toMatchObject({
      headers: { 'X-Api-Key': '{{X_Api_Key}}' },
    })
  })

  it('has what is no secret in its headers as it is, and leaves out what was not given', () => {
    const deployment = remote({ headers: [{ name: 'X-Region' }, { name: 'X-Team', default: 'all' }] })
    expect(planServer(deployment, {}).target).toMatchObject({ headers: { 'X-Team': 'all' } })
    expect(planServer(deployment, { X_Region: 'eu', X_Team: '' }).target).toMatchObject({
      headers: { 'X-Region': 'eu', 'X-Team': 'all' },
    })
  })

  it('has the parts of its address filled in', () => {
    const deployment = remote({ url: 'https://{region}.example.com/{org}/mcp', variables: { region: {} } })
    expect(deployment.needs.map(({ name, isRequired }) => [name, isRequired])).toEqual([
      ['region', true],
      ['org', true],
    ])
    expect(planServer(deployment, { region: 'eu-1', org: 'acme' }).target).toMatchObject({
      url: 'https://eu-1.example.com/acme/mcp',
    })
  })

  it('may have an address that begins with one of the team', () => {
    const deployment = remote({ url: '{host}/api/mcp' })
    expect(planServer(deployment, { host: 'https://acme.example.com/' }).target).toMatchObject({
      url: 'https://acme.example.com/api/mcp',
    })
    expect(refusal(() => planServer(deployment, { host: 'acme' })).code).toBe('invalid_request')
  })

  it.each([
    'evil.example/x',
    'a?b',
    'a#b',
    'a@evil.example',
    '..',
    'https://evil.example',
    'a b',
    '{{TOKEN}}',
  ])('does not lead elsewhere by a part of its address: %s', (region) => {
    const deployment = remote({ url: 'https://{region}.example.com/mcp' })
    expect(refusal(() => planServer(deployment, { region })).code).toBe('invalid_request')
  })

  it('is not added when a secret would be a part of its address', () => {
    const deployment = remote({
      url: 'https://example.com/{key}/mcp',
      variables: { key: { isSecret: true } },
    })
    expect(deployment.obstacle).toContain('key')
    expect(refusal(() => planServer(deployment, { key: 'k' })).code).toBe('unsupported')
  })
})

describe('a package from the catalog', () => {
  it('is named with its exact version, with arguments and variables of its own', () => {
    const deployment = npm({
      packageArguments: [
        { type: 'positional', value: 'start' },
        { type: 'named', name: '--mode', value: '{MODE}', variables: { MODE: { choices: ['a', 'b'] } } },
        { type: 'positional', valueHint: 'folder', isRequired: true, format: 'filepath' },
      ],
      environmentVariables: [
        { name: 'API_KEY', isSecret: true, isRequired: true },
        { name: 'LEVEL', value: 'info' },
        { name: 'PORT', format: 'number' },
      ],
    })
    const values = { API_KEY: 'k', folder: '/srv', MODE: 'b', PORT: '80' }
    expect(planServer(deployment, values)).toEqual({
      target: {
        kind: 'hosted',
        command: 'npx',
        args: ['start', '--mode=b', '/srv'],
        env: { API_KEY: '{{API_KEY}}', LEVEL: 'info', PORT: '80' },
        package: { registryType: 'npm', identifier: 'it-mcp', version: '1.2.3' },
        opens: ['start', '/srv'],
      },
      credential: { API_KEY: 'k' },
    })
    expect(planServer(deployment, { API_KEY: 'k', folder: '/srv' }).target).toMatchObject({
      args: ['start', '/srv'],
      env: { API_KEY: '{{API_KEY}}', LEVEL: 'info' },
    })
  })

  it('[M11] opens the paths that are asked for as such, and no other value however it looks', () => {
    const deployment = npm({
      packageArguments: [
        { type: 'named', name: '--data', value: '/srv/fixed' },
        { type: 'named', name: '--team', value: '{TEAM}', isRequired: true },
      ],
      environmentVariables: [
        { name: 'KUBECONFIG', format: 'filepath' },
        { name: 'REGION' },
        { name: 'KEY_FILE', format: 'filepath', isSecret: true },
      ],
    })
    const values = { TEAM: '/home/ada', KUBECONFIG: '/srv/kube', REGION: '/etc', KEY_FILE: '/srv/key' }
    expect(planServer(deployment, values).target).toMatchObject({ opens: ['--data=/srv/fixed', '/srv/kube'] })
  })

  it('asks once for a value that is needed in two places', () => {
    const deployment = npm({
      packageArguments: [{ type: 'positional', value: '{KEY}' }],
      environmentVariables: [{ name: 'KEY', isSecret: true, isRequired: true }],
    })
    expect(deployment.needs).toHaveLength(1)
    expect(planServer(deployment, { KEY: 'k' }).target).toMatchObject({
      args: ['{{KEY}}'],
      env: { KEY: '{{KEY}}' },
    })
  })

  it('is not added when it wants more of its runtime than to be started', () => {
    const mount = { type: 'named', name: '-v', value: '/:/host' }
    const image = { registryType: 'oci', identifier: 'docker.io/a/b:1.0', version: '1.0' }
    expect(npm({ ...image, runtimeArguments: [mount] }).obstacle).toContain('runtime')
    const started = npm({ ...image, runtimeArguments: [{ type: 'positional', value: '--rm' }] })
    expect(planServer(started, {}).target).toMatchObject({
      command: 'docker',
      package: { registryType: 'oci', identifier: 'docker.io/a/b:1.0', version: '1.0' },
    })
  })

  it('is left out when nothing is started from its registry', () => {
    const packages = [{ registryType: 'nuget', identifier: 'It', transport: { type: 'stdio' } }]
    const server = serverJson.parse({ name: 'com.example/it', description: 'It', version: '1', packages })
    expect(deploymentsOfServerJson(server)).toEqual([])
  })
})

describe('values that cannot be used', () => {
  const deployment = npm({
    environmentVariables: [
      { name: 'API_KEY', isSecret: true, isRequired: true },
      { name: 'PORT', format: 'number' },
      { name: 'DEBUG', format: 'boolean' },
      { name: 'MODE', choices: ['fast', 'slow'] },
      { name: 'NAME' },
    ],
  })

  it('are all named at once, with where to get them, and never repeated', () => {
    const { code, message, fix } = refusal(() =>
      planServer(deployment, {
        PORT: 'p-o-r-t',
        DEBUG: 'maybe',
        MODE: 'loud',
        NAME: '{{API_KEY}}',
        OTHER: 'x-y-z',
      }),
    )
    expect(code).toBe('invalid_request')
    expect(message).toBe(
      '"OTHER" is not a value that it takes. "API_KEY" is required. "PORT" must be a number. ' +
        '"DEBUG" must be "true" or "false". "MODE" must be one of "fast", "slow". "NAME" must not hold "{{".',
    )
    expect(fix).toContain('Where to get API_KEY: https://example.com')
    expect(`${message}${fix}`).not.toMatch(/p-o-r-t|maybe|loud|x-y-z/)
  })

  it.each([
    ['line breaks in a header', 'a\r\nX-Evil: 1'],
    ['NUL characters', 'a\0b'],
    ['more than any header holds', 'x'.repeat(10_000)],
  ])('include %s', (_what, value) => {
    expect(refusal(() => planServer(remote(TOKEN), { TOKEN: value })).code).toBe('invalid_request')
  })

  it('are not taken from what every object has', () => {
    expect(refusal(() => planServer(remote(TOKEN), JSON.parse('{"__proto__":"x"}'))).message).toContain(
      '__proto__',
    )
  })
})
