const MAX_LENGTH = 100

/**
 * A text from outside as one short line that can be shown: no control characters, none that turn the direction of
 * writing or hide others, no halves of characters.
 */
export function shownText(text: string): string {
  const visible = text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\p{Cf}\p{Cs}\p{Co}\p{Cn}]+/gu, '')
    .replace(/\s+/gu, ' ')
    .trim()
  return shorten(visible).trim()
}

/** What a device is called; it may have kept that to itself. */
export function deviceNameOf(text: string | undefined): string {
  return shownText(text ?? '') || 'a device without a name'
}

/** Cut between characters: half of one is not a text any more. */
function shorten(text: string): string {
  let kept = ''
  for (const character of text) {
    if (kept.length + character.length > MAX_LENGTH) break
    kept += character
  }
  return kept
}
