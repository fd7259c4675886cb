/** Time and randomness come in as arguments, so that a test can hold them. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number
}

export interface Random {
  bytes(count: number): Uint8Array
}
