import { InvalidArgumentError, Option } from 'commander'

/** For an option that may be given more than once. */
export function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value]
}

export function parseWholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number.')
}

export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON')
}

/** Leaves out what was not given, so that the API's own defaults count. */
export function given<T extends object>(values: T): Partial<T> {
  // Every key that is left is a key of T with T's own value.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
}
