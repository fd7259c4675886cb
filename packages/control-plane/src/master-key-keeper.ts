import type { MasterKeyFile } from './master-key-file.ts'
import type { Random } from './model/clock.ts'
import { GatewayError } from './model/error.ts'
import type { MasterKeyKeeper, MasterKeyRotation } from './model/master-key.ts'
import type { Vault } from './vault/vault.ts'

interface KeeperOptions {
  vault: Vault
  /** Where the key was read from; absent when it came from the environment. */
  file: MasterKeyFile | undefined
  /** Whether others use the same database with master keys of their own. */
  isReplicated: boolean
  random: Random
}

/** Changes the master key of a running control plane. */
export function createMasterKeyKeeper({ vault, file, isReplicated, random }: KeeperOptions): MasterKeyKeeper {
  const ownFile = isReplicated ? undefined : file
  let running: Promise<MasterKeyRotation> | undefined

  async function describe() {
    const state = await vault.masterKeyState()
    return {
      ...(file === undefined
        ? { source: 'environment' as const }
        : { source: 'file' as const, file: file.path }),
      keyId: state.id,
      unfinished: state.olderKeys > 0 || ownFile?.readNext() !== undefined,
      olderKeys: state.olderKeys,
      unreadableKeys: state.unreadableKeys,
    }
  }

  async function finish(): Promise<MasterKeyRotation> {
    const next = ownFile?.readNext()
    const wrapped = await vault.rewrap(next)
    if (next !== undefined) ownFile?.promoteNext()
    const { id } = await vault.masterKeyState()
    return { keyId: id, wrapped, ...(file === undefined ? {} : { file: file.path }) }
  }

  async function rotate(): Promise<MasterKeyRotation> {
    const { unfinished } = await describe()
    if (!unfinished) {
      if (ownFile === undefined) throw keyIsGiven()
      if (!ownFile.isReplaceable()) throw notReplaceable(ownFile.path)
      ownFile.writeNext(random)
    }
    return finish()
  }

  /** Whoever asks while a change is going on waits for that one. */
  function alone(work: () => Promise<MasterKeyRotation>): Promise<MasterKeyRotation> {
    running ??= work().finally(() => {
      running = undefined
    })
    return running
  }

  return { describe, rotate: () => alone(rotate), finish: () => alone(finish) }
}

const BY_RESTART =
  'Start with the new key as MCPGW_MASTER_KEY and the old one as MCPGW_PREVIOUS_MASTER_KEY; with several replicas, let each know both before the first one uses the new key (docs/operations.md, "Master key").'

function keyIsGiven(): GatewayError {
  return new GatewayError(
    'unsupported',
    'The master key comes from outside and cannot be changed from here.',
    {
      fix: BY_RESTART,
    },
  )
}

function notReplaceable(path: string): GatewayError {
  return new GatewayError('unsupported', `The master key file ${path} cannot be replaced from here.`, {
    fix: `Let the control plane write to its folder, if it is not mounted. Otherwise: ${BY_RESTART}`,
  })
}
