import { useEffect, useRef, useState } from 'react'
import type { LogRow } from '../../api/shapes.ts'
import { count } from '../../format/numbers.ts'

const EVERY_MS = 15_000

/** Says now and then how many rows came, for those who hear the page: not each of them. */
export function Murmur({ rows }: { rows: readonly LogRow[] }) {
  const [words, setWords] = useState('')
  const latest = useRef(rows)
  latest.current = rows
  useEffect(() => {
    let told = latest.current[0]?.seq ?? 0
    const timer = setInterval(() => {
      const fresh = latest.current.filter(({ seq }) => seq > told)
      told = latest.current[0]?.seq ?? told
      if (fresh.length > 0) setWords(wordsOf(fresh))
    }, EVERY_MS)
    return () => clearInterval(timer)
  }, [])
  return (
    <span className="aside" role="log" aria-live="polite">
      {words}
    </span>
  )
}

function wordsOf(rows: readonly LogRow[]): string {
  const failed = rows.filter(({ outcome }) => outcome !== 'ok' && outcome !== 'cancelled').length
  const all = rows.length === 1 ? '1 new row' : `${count(rows.length)} new rows`
  return failed === 0 ? all : `${all}, ${count(failed)} with errors`
}
