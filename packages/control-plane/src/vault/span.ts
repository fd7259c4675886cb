/** A place in a message that gives a value away. */
export interface Span {
  start: number
  end: number
  /** The value's name. */
  name: string
  /** The place of a JSON number: what stands there instead must be a JSON text. */
  quoted?: boolean
}
