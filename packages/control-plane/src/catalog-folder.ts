import { resolve } from 'node:path'

/** Where the catalog that comes with the product is. */
export const CATALOG_FOLDER = resolve(import.meta.dirname, '../catalog')
