/** What one HTTP header can carry without becoming two: a line of Latin-1, no NUL, no line end. */
export function fitsHeader(text: string): boolean {
  return /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(text)
}
