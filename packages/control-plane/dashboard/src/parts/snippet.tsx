import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button } from './button.tsx'

/** Copies a text and says that it did. */
export function CopyButton({
  text,
  label = 'Copy',
  small = true,
}: {
  text: string
  label?: string
  small?: boolean
}) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2_000)
    return () => clearTimeout(timer)
  }, [copied])
  return (
    <Button small={small} onClick={() => void copy(text).then(setCopied)} aria-live="polite">
      {copied ? <Check size={15} aria-hidden="true" /> : <Copy size={15} aria-hidden="true" />}
      {copied ? 'Copied' : label}
    </Button>
  )
}

/** Something to copy whole: a command, a configuration, a token that is shown once. */
export function Snippet({ text, fold = false }: { text: string; fold?: boolean }) {
  return (
    <div className={fold ? 'snippet fold' : 'snippet'}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long line can only be scrolled by keyboard when it takes the focus. */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} />
    </div>
  )
}

/** The clipboard needs https or this machine itself; elsewhere an old way still works. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    )
  }
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  return done
}
