import { isRawNumber } from './json.ts'

/**
 * One text for one value, of what `parseJson` gave: keys sorted by code unit, no spaces, numbers by their exact value.
 * Numbers as they were written would not do: whether `1.10` is kept as it was written depends on the rest of the text.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  if (isRawNumber(value)) return canonicalNumber(value.rawJSON)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(Reflect.get(value, key))}`)
  return `{${members.join()}}`
}

/** As JavaScript writes the number, where that is exactly it. */
function canonicalNumber(source: string): string {
  const exact = decimal(source)
  const usual = JSON.stringify(Number(source))
  return usual !== 'null' && decimal(usual) === exact ? usual : exact
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** An integer without zeros at its end, and the power of ten it is multiplied with. */
function decimal(source: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(source) ?? []
  const digits = withoutZerosInFront(whole + fraction)
  const significant = withoutZerosAtEnd(digits)
  if (significant === '') return '0'
  // An exponent may itself be too long for a double.
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length)
  return power === 0n ? `${sign}${significant}` : `${sign}${significant}e${power}`
}

function withoutZerosInFront(digits: string): string {
  let start = 0
  while (digits[start] === '0') start++
  return digits.slice(start)
}

/** A pattern like `0+$` would look at a run of zeros in the middle once for each of them. */
function withoutZerosAtEnd(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === '0') end--
  return digits.slice(0, end)
}
