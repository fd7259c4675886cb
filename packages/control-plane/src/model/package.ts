import type { PackageRef } from './server.ts'

const NPM_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]{0,99}\/)?[a-z0-9~][a-z0-9._~-]{0,99}$/
const PYPI_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/
/** Perhaps a host, then folders and a name, then perhaps a tag and a digest. */
const IMAGE =
  /^(?:[A-Za-z0-9.-]+(?::\d{1,5})?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?<digest>@sha256:[0-9a-f]{64})?$/
const NPM_VERSION = /^\d{1,16}\.\d{1,16}\.\d{1,16}(?:-[0-9A-Za-z.-]{1,64})?(?:\+[0-9A-Za-z.-]{1,64})?$/
/** Without `*`, ranges and the like: a version that names one release (PEP 440). */
const PYPI_VERSION =
  /^(?:\d{1,8}!)?\d{1,16}(?:\.\d{1,16}){0,8}(?:(?:a|b|rc)\d{1,8})?(?:\.post\d{1,8})?(?:\.dev\d{1,8})?$/
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/

/** What is wrong with a package's name or version, for people and without a full stop; undefined when it names exactly one release. */
export function problemWithPackage(ref: PackageRef): string | undefined {
  if (ref.registryType === 'oci') return problemWithImage(ref)
  const [names, versions] =
    ref.registryType === 'npm' ? ([NPM_NAME, NPM_VERSION] as const) : ([PYPI_NAME, PYPI_VERSION] as const)
  const { identifier, version } = ref
  if (!names.test(identifier)) return `"identifier" is not the name of a package of ${ref.registryType}`
  if (version === undefined || !versions.test(version))
    return '"version" must be one exact version, such as 1.4.2'
  return undefined
}

function problemWithImage({ identifier, version }: PackageRef): string | undefined {
  const parts = identifier.length <= 500 ? IMAGE.exec(identifier)?.groups : undefined
  if (parts === undefined) return '"identifier" is not the name of an image'
  const tag = parts.digest ?? version ?? parts.tag
  if (tag === undefined || tag === 'latest' || (version !== undefined && !TAG.test(version)))
    return 'the image is not pinned: give a tag other than "latest" as "version", or a digest in "identifier"'
  return undefined
}

/** The image as engines take it: with the version as its tag, unless the identifier is pinned itself. */
export function imageOf({ identifier, version }: PackageRef): string {
  const isPinned = /@sha256:|:[^/]+$/.test(identifier)
  return isPinned || version === undefined ? identifier : `${identifier}:${version}`
}

/** As people write it: `time-mcp 1.0.6`. */
export function nameOfPackage({ identifier, version }: PackageRef): string {
  return version === undefined ? identifier : `${identifier} ${version}`
}
