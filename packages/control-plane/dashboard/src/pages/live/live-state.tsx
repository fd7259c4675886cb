import { CircleCheck, CirclePause, LoaderCircle, type LucideIcon, Pause, Play, Unplug } from 'lucide-react'
import { count } from '../../format/numbers.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import type { Tail } from './use-tail.ts'

interface Props {
  state: Tail['state']
  paused: boolean
  stopped: boolean
  waiting: number
  onStop: () => void
}

const WORD: Record<Tail['state'], { tone: Tone; icon: LucideIcon; word: string; more?: string }> = {
  open: { tone: 'good', icon: CircleCheck, word: 'Connected' },
  connecting: { tone: 'info', icon: LoaderCircle, word: 'Connecting' },
  broken: {
    tone: 'bad',
    icon: Unplug,
    word: 'Disconnected',
    more: 'The control plane ended the stream. Reload the page to try again.',
  },
  hidden: {
    tone: 'quiet',
    icon: CirclePause,
    word: 'Stopped',
    more: 'This tab is in the background: the stream is closed until it is looked at.',
  },
}

/** Whether the tail is alive, whether it holds still, and how much came meanwhile. */
export function LiveState({ state, paused, stopped, waiting, onStop }: Props) {
  const { word, more, ...look } = WORD[state]
  return (
    <div className="live-state row apart">
      <span className="row">
        <span role="status">
          <Badge {...look}>{word}</Badge>
        </span>
        <span className="soft small number">
          {more ?? (paused ? `Holding still: ${count(waiting)} waiting` : 'Newest first, the last 500 rows')}
        </span>
      </span>
      <Button small aria-pressed={stopped} onClick={onStop}>
        {stopped ? <Play size={15} aria-hidden="true" /> : <Pause size={15} aria-hidden="true" />}
        {stopped ? 'Go on' : 'Pause'}
      </Button>
    </div>
  )
}
