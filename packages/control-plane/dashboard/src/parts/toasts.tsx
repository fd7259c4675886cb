import { CircleCheck, CircleX } from 'lucide-react'
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react'
import { ApiError } from '../api/api-error.ts'

interface Toast {
  id: number
  tone: 'good' | 'bad'
  text: string
}

interface Say {
  /** Something was done. */
  done(text: string): void
  /** Something that was pressed did not work, where there is no better place to say so. */
  failed(error: unknown): void
}

const SayContext = createContext<Say>({ done: () => undefined, failed: () => undefined })

const SHOWN_MS = 5_000

/** Passing words in a corner, read out as they appear. */
export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([])
  const add = useCallback((tone: Toast['tone'], text: string) => {
    const id = Math.random()
    setToasts((shown) => [...shown.slice(-2), { id, tone, text }])
    setTimeout(() => setToasts((shown) => shown.filter((toast) => toast.id !== id)), SHOWN_MS)
  }, [])
  const [say] = useState<Say>(() => ({
    done: (text) => add('good', text),
    failed: (error) => add('bad', wordsOf(error)),
  }))
  return (
    <SayContext value={say}>
      {children}
      <div className="toasts" aria-live="polite">
        {toasts.map(({ id, tone, text }) => (
          <div key={id} className={`toast ${tone}`}>
            {tone === 'good' ? (
              <CircleCheck size={18} aria-hidden="true" />
            ) : (
              <CircleX size={18} aria-hidden="true" />
            )}
            <span className="wrap">{text}</span>
          </div>
        ))}
      </div>
    </SayContext>
  )
}

export function useSay(): Say {
  return useContext(SayContext)
}

function wordsOf(error: unknown): string {
  if (!(error instanceof ApiError)) return 'That did not work.'
  return error.fix === undefined ? error.message : `${error.message} ${error.fix}`
}
