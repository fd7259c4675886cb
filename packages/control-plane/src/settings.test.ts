import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from './model/limits.ts'
import { readSettings } from './settings.ts'

describe('settings', () => {
  it('have sensible values when nothing is said, and no secret by default', () => {
    expect(readSettings({}, {})).toEqual({
      settings: {
        host: '127.0.0.1',
        port: 8787,
        dataDir: resolve('mcpgw-data'),
        publicUrl: undefined,
        databaseUrl: undefined,
        allowUpstreams: [],
        trustedProxies: undefined,
        hosting: 'auto',
        hostedMemoryMiB: 1_024,
        hostedProcesses: 512,
        demo: false,
        limits: DEFAULT_LIMITS,
        auditCheckpoints: undefined,
        auditCheckpointSeconds: 60,
        auditRetentionDays: undefined,
      },
      secrets: {
        masterKey: undefined,
        masterKeyFile: undefined,
        previousMasterKey: undefined,
        previousMasterKeyFile: undefined,
        ownerToken: undefined,
      },
    })
  })

  it('are taken from the environment, each under its name', () => {
    const env = {
      MCPGW_HOST: '0.0.0.0',
      MCPGW_PORT: '0',
      MCPGW_DATA_DIR: '/var/lib/mcpgw',
      MCPGW_PUBLIC_URL: 'https://mcp.example/',
      MCPGW_DATABASE_URL: 'postgres://u:p@h/d',
      MCPGW_ALLOW_UPSTREAMS: '10.0.0.0/8, fd00::/8  127.0.0.0/8,',
      MCPGW_TRUSTED_PROXIES: '127.0.0.1 10.0.0.0/8',
      MCPGW_HOSTING: 'off',
      MCPGW_HOSTED_MEMORY_MIB: '256',
      MCPGW_HOSTED_PROCESSES: '64',
      MCPGW_DEMO: '1',
      MCPGW_LIMITS: 'calls-per-minute=600, streams=10',
      MCPGW_AUDIT_CHECKPOINTS: '/mnt/worm/checkpoints',
      MCPGW_AUDIT_CHECKPOINT_SECONDS: '5',
      MCPGW_AUDIT_RETENTION_DAYS: '90',
      MCPGW_MASTER_KEY: 'k',
      MCPGW_MASTER_KEY_FILE: 'f',
      MCPGW_PREVIOUS_MASTER_KEY: 'p',
      MCPGW_PREVIOUS_MASTER_KEY_FILE: 'pf',
      MCPGW_OWNER_TOKEN: 't',
    }
    expect(readSettings({}, env)).toEqual({
      settings: {
        host: '0.0.0.0',
        port: 0,
        dataDir: '/var/lib/mcpgw',
        publicUrl: 'https://mcp.example',
        databaseUrl: 'postgres://u:p@h/d',
        allowUpstreams: ['10.0.0.0/8', 'fd00::/8', '127.0.0.0/8'],
        trustedProxies: ['127.0.0.1', '10.0.0.0/8'],
        hosting: 'off',
        hostedMemoryMiB: 256,
        hostedProcesses: 64,
        demo: true,
        limits: { ...DEFAULT_LIMITS, 'calls-per-minute': 600, streams: 10 },
        auditCheckpoints: '/mnt/worm/checkpoints',
        auditCheckpointSeconds: 5,
        auditRetentionDays: 90,
      },
      secrets: {
        masterKey: 'k',
        masterKeyFile: 'f',
        previousMasterKey: 'p',
        previousMasterKeyFile: 'pf',
        ownerToken: 't',
      },
    })
  })

  it('are taken from a flag rather than from the environment', () => {
    const env = { MCPGW_PORT: '1', MCPGW_ALLOW_UPSTREAMS: '10.0.0.0/8', MCPGW_DEMO: '0' }
    const { settings } = readSettings({ port: '2', allowUpstreams: ['::1/128'], demo: true }, env)
    expect(settings).toMatchObject({ port: 2, allowUpstreams: ['::1/128'], demo: true })
  })

  it('count an empty variable as not set', () => {
    const env = { MCPGW_PORT: '', MCPGW_MASTER_KEY: '', MCPGW_PUBLIC_URL: '', MCPGW_HOSTING: '' }
    const { settings, secrets } = readSettings({}, env)
    expect(settings).toMatchObject({ port: 8787, publicUrl: undefined, hosting: 'auto' })
    expect(secrets.masterKey).toBeUndefined()
  })

  it.each([
    ['1', true],
    ['true', true],
    ['0', false],
    ['false', false],
  ])('read MCPGW_DEMO=%s as %s', (text, demo) => {
    expect(readSettings({}, { MCPGW_DEMO: text }).settings.demo).toBe(demo)
  })

  it('never come from variables of other names', () => {
    const { settings } = readSettings({ unknown: 1 }, { PORT: '1', HOST: 'x', DATABASE_URL: 'postgres://x' })
    expect(settings).toMatchObject({ port: 8787, host: '127.0.0.1', databaseUrl: undefined })
  })
})

describe('settings that cannot be used', () => {
  it.each([
    ['--port or MCPGW_PORT', { MCPGW_PORT: 'many' }],
    ['--port or MCPGW_PORT must be 0 to 65535', { MCPGW_PORT: '65536' }],
    ['--port or MCPGW_PORT must be 0 to 65535', { MCPGW_PORT: '-1' }],
    ['--port or MCPGW_PORT must be a whole number', { MCPGW_PORT: '80.5' }],
    ['--public-url or MCPGW_PUBLIC_URL must be an http or https URL', { MCPGW_PUBLIC_URL: 'mcp.example' }],
    ['--public-url or MCPGW_PUBLIC_URL must be an http or https URL', { MCPGW_PUBLIC_URL: 'file:///x' }],
    ['--hosting or MCPGW_HOSTING must be auto or off', { MCPGW_HOSTING: 'maybe' }],
    ['--trust-proxy or MCPGW_TRUSTED_PROXIES must be addresses', { MCPGW_TRUSTED_PROXIES: '10.0.0.0/33' }],
    ['--trust-proxy or MCPGW_TRUSTED_PROXIES must be addresses', { MCPGW_TRUSTED_PROXIES: 'proxy.internal' }],
    ['--demo or MCPGW_DEMO', { MCPGW_DEMO: 'perhaps' }],
    [
      '--limit or MCPGW_LIMITS must be NAME=NUMBER, not "bodies=1"; the names are body-bytes, ',
      { MCPGW_LIMITS: 'bodies=1' },
    ],
    ['--limit or MCPGW_LIMITS must be NAME=NUMBER', { MCPGW_LIMITS: 'streams=-1' }],
    ['--limit or MCPGW_LIMITS must be NAME=NUMBER', { MCPGW_LIMITS: 'streams=1e3' }],
    [
      '--limit or MCPGW_LIMITS must give streams at least 1',
      { MCPGW_LIMITS: 'calls-per-minute=0,streams=0' },
    ],
  ])('are named: %s', (named, env) => {
    expect(() => readSettings({}, env)).toThrow(
      expect.objectContaining({ code: 'configuration', message: expect.stringContaining(named) }),
    )
  })

  it('are named all at once, and never with a value that may be secret', () => {
    const env = {
      MCPGW_PORT: 'hunter2',
      MCPGW_HOSTING: 'hunter2',
      MCPGW_PUBLIC_URL: 'hunter2',
      MCPGW_MASTER_KEY: 'hunter2',
    }
    const refusal = thrownBy(() => readSettings({}, env))
    expect(refusal?.message.split('\n')).toHaveLength(4)
    expect(refusal?.message).not.toContain('hunter2')
  })
})

function thrownBy(action: () => unknown): Error | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return error as Error
  }
}
