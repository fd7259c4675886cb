import { promisify } from 'node:util'
import { constants, crc32, deflateRaw, deflateRawSync } from 'node:zlib'
import { createTar } from 'nanotar'

export interface TarballFile {
  readonly name: string
  readonly data: Uint8Array
}

/** The compressed front of a tarball, to be finished with different last files. */
export interface TarballStart {
  readonly deflated: Uint8Array
  readonly crc: number
  readonly bytes: number
}

const BLOCK_BYTES = 512
/** Magic number, deflate, no name and no time, so that equal content gives equal bytes; made on an unnamed system. */
const GZIP_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff)
const deflate = promisify(deflateRaw)

/** Compresses the files that many tarballs share, outside the main thread. */
export async function startTarball(files: readonly TarballFile[]): Promise<TarballStart> {
  const entries = entriesOf(files)
  // The full flush ends on a byte and makes what follows independent of what came before.
  const deflated = await deflate(entries, { finishFlush: constants.Z_FULL_FLUSH })
  return { deflated, crc: crc32(entries), bytes: entries.length }
}

/** A whole `.tgz` in pieces: one gzip member, as some package managers read no further than the first. */
export function finishTarball(start: TarballStart, files: readonly TarballFile[]): readonly Uint8Array[] {
  const endOfArchive = new Uint8Array(2 * BLOCK_BYTES)
  const rest = Buffer.concat([entriesOf(files), endOfArchive])
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(rest, start.crc), 0)
  trailer.writeUInt32LE(start.bytes + rest.length, 4)
  return [GZIP_HEADER, start.deflated, deflateRawSync(rest), trailer]
}

/** Package managers drop the first folder of every name. */
function entriesOf(files: readonly TarballFile[]): Uint8Array {
  const named = files.map(({ name, data }) => ({
    name: `package/${name}`,
    data,
    attrs: { mode: name.endsWith('.js') ? '755' : '644' },
  }))
  const blocks = files.reduce((sum, { data }) => sum + 1 + Math.ceil(data.length / BLOCK_BYTES), 0)
  // The end of the archive is ours to write.
  return createTar(named, { attrs: { mtime: 0, uid: 0, gid: 0 } }).subarray(0, blocks * BLOCK_BYTES)
}
