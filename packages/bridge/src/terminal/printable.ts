// C0 (tab and line feed aside), DEL, C1, and what reorders or hides text: marks, embeddings, isolates, separators.
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: naming them is the point
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/**
 * A text that a terminal shows and does not obey: escape sequences lose the character that starts them. For
 * everything that may come from a server, a file or an address.
 */
export function printable(text: string): string {
  return text.replace(unprintable, '')
}

/** The same for a JSON text, without changing its value: the characters are written as escapes. */
export function printableJson(json: string): string {
  return json.replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
