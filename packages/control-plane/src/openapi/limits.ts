/** Of a document: the largest public ones have 8 MB, of which nobody needs all. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024

/** In a document, and so in what is chosen from it. */
export const MAX_OPERATIONS = 1_000
