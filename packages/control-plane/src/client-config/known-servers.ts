import { aboutEntry, type CatalogEntry } from '../catalog/catalog-entry.ts'
import type { Deployment, NamedTemplate } from '../catalog/deployment.ts'
import type { Need } from '../catalog/need.ts'
import { showTemplate, type Template } from '../catalog/template.ts'
import type { PackageRef } from '../model/server.ts'
import { splitImage } from './command-line.ts'

/** A way to have a server that the catalog knows. */
export interface Known {
  id: string
  deployment: Deployment
  /** What to know before it is added; present where it reaches the gateway's own machine. */
  warning?: string
}

/** An entry, and the ways in which it may be had here. */
export interface Offered {
  entry: CatalogEntry
  deployments: readonly Deployment[]
}

/** What the catalog knows, by what a client's configuration says. */
export interface KnownServers {
  /** The address may have a query of its own. */
  byAddress(url: string): Known[]
  byPackage(ref: PackageRef): Known | undefined
}

export function createKnownServers(shelved: readonly Offered[]): KnownServers {
  const known = shelved.flatMap(({ entry, deployments }) => {
    const { id, warning } = aboutEntry(entry)
    // What cannot be added by the catalog's own words or rules is no better known than anything else.
    const addable = deployments.filter(({ obstacle }) => obstacle === undefined)
    return addable.map((deployment) => ({
      id,
      deployment,
      ...(warning !== undefined && { warning }),
    }))
  })
  return {
    byAddress: (url) =>
      known.filter(({ deployment: { recipe } }) => recipe.kind === 'remote' && leadsTo(recipe.url, url)),
    byPackage: (ref) =>
      known.find(
        ({ deployment: { recipe } }) => recipe.kind === 'package' && keyOf(recipe.package) === keyOf(ref),
      ),
  }
}

function keyOf({ registryType, identifier }: PackageRef): string {
  if (registryType === 'npm') return `npm ${identifier}`
  if (registryType === 'pypi') return `pypi ${identifier.toLowerCase().replaceAll(/[-_.]+/g, '-')}`
  return `oci ${splitImage(identifier).name.replace(/^docker\.io\//, '')}`
}

function leadsTo(template: Template, url: string): boolean {
  const wanted = addressOf(url)
  if (template.every((piece) => typeof piece === 'string'))
    return addressOf(showTemplate(template)) === wanted
  // An address that begins with a value may be anything.
  if (typeof template[0] !== 'string' || !/^https?:\/\/[^/]/.test(template[0])) return false
  const ends = template.map((piece, index) =>
    index === template.length - 1 && typeof piece === 'string' ? addressOf(piece) : piece,
  )
  return readTemplate(ends, wanted, '[^/?#]+') !== undefined
}

function addressOf(url: string): string {
  return url
    .replace(/[?#].*$/, '')
    .replace(/\/+$/, '')
    .toLowerCase()
}

/** Two values can be told apart in as many ways as the text is long, and each is tried. */
const MAX_LENGTH_FOR_TWO = 1024

/** The values of a template's needs in a text that was made from it, or undefined when it was not. */
export function readTemplate(
  template: Template,
  text: string,
  value = '[\\s\\S]+',
): Map<string, string> | undefined {
  const needs = template.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.need]))
  if (needs.length > 2 || (needs.length === 2 && text.length > MAX_LENGTH_FOR_TWO)) return undefined
  const source = template.map((piece) => (typeof piece === 'string' ? escaped(piece) : `(${value})`)).join('')
  const match = new RegExp(`^${source}$`).exec(text)
  if (match === null) return undefined
  return new Map(needs.map((need, index) => [need, match[index + 1] ?? '']))
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

/** The template of a header or variable of that name. */
export function templateNamed(templates: readonly NamedTemplate[], name: string): Template | undefined {
  return templates.find((each) => each.name.toLowerCase() === name.toLowerCase())?.text
}

export function needNamed({ needs }: Deployment, name: string): Need | undefined {
  return needs.find((need) => need.name === name)
}
