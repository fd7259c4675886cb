/** A row as the model speaks of it: what is null in the database is absent. */
export type WithoutNulls<T> = { [K in keyof T as null extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as null extends T[K] ? K : never]?: Exclude<T[K], null>
}

export function withoutNulls<T extends object>(row: T): WithoutNulls<T> {
  const present = Object.entries(row).filter(([, value]) => value !== null)
  // Exactly the null properties are gone, which is what the type says.
  return Object.fromEntries(present) as WithoutNulls<T>
}
