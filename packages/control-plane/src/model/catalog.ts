/** A catalog beside the one that comes with the product, as it is kept. */
export interface StoredCatalog {
  /** 1 to 32 of `[a-z0-9-]`; stands in front of its entries' ids. */
  name: string
  title: string
  /** Where its entries are fetched from; absent: they were given. */
  url?: string
  /** When the entries were given, or fetched well for the last time. Unix milliseconds; absent: never. */
  readAt?: number
  /** What was wrong when they were fetched last. */
  problem?: CatalogProblem
  /** How many servers it told of that could not be taken. */
  leftOut: number
  /** How many entries it has. */
  size: number
  createdAt: number
  /** Changes with everything above and with the entries. */
  updatedAt: number
}

export interface CatalogProblem {
  at: number
  message: string
  fix?: string
}

/** What some servers of the catalogs have in common: all that is said must hold. */
export interface CatalogRule {
  /** A pattern of ids. */
  id?: string
  category?: string
  official?: boolean
  /** How a server is had: rules of it judge the deployments of an entry one by one. */
  transport?: 'remote' | 'npm' | 'pypi' | 'oci'
  /** A catalog's name, or `built-in`. */
  source?: string
}

/** What may be added at all. */
export interface CatalogRules {
  /** Whether the catalog that comes with the product is there. */
  builtIn: boolean
  /** Absent: everything. */
  allow?: CatalogRule[]
  /** Wins over `allow`. */
  deny?: CatalogRule[]
}

export const BUILT_IN = 'built-in'
