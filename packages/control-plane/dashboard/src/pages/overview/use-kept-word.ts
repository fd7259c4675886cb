import { useState } from 'react'

/** A word that this browser remembers, and how to change it. */
export function useKeptWord(key: string): [string | undefined, (word: string) => void] {
  const [kept, setKept] = useState(() => ({ key, word: localStorage.getItem(key) ?? undefined }))
  const word = kept.key === key ? kept.word : (localStorage.getItem(key) ?? undefined)
  return [
    word,
    (next) => {
      localStorage.setItem(key, next)
      setKept({ key, word: next })
    },
  ]
}
