import type { EntryPlace } from './formats/format.ts'
import type { FormatName } from './formats/formats.ts'
import type { Launch } from './launch.ts'
import type { EntryShape } from './our-entry.ts'
import type { Place } from './place.ts'

/** An AI client: where its configuration is and what it wants to read there. */
export interface Client {
  readonly id: string
  readonly name: string
  /** Where its file may be; the first that exists is used, else the first. None: not on this platform. */
  files(place: Place): readonly string[]
  /** Folders or files of which one exists where the client is installed. */
  traces(place: Place): readonly string[]
  /** A client that took over from this one: where it is found, this one is not. */
  readonly successor?: string
  /** A file that the client would stop reading once ours exists. */
  supplants?(place: Place): string
  readonly format: FormatName
  readonly at: EntryPlace
  /** What a file begins with when there is none. */
  readonly template?: string
  /** The key of the environment in an entry. */
  readonly envKey: string
  shape(launch: Launch, key: string): EntryShape
  readonly isDesktop: boolean
  readonly needsShell: boolean
  /** What the user does next. */
  readonly afterwards: string
}
