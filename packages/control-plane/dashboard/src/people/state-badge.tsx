import { Ban, CircleCheck, Clock, Hourglass, type LucideIcon } from 'lucide-react'
import { Badge, type Tone } from '../parts/badge.tsx'
import type { TokenState } from './token-state.ts'

const LOOK: Record<TokenState, { tone: Tone; icon: LucideIcon; word: string }> = {
  live: { tone: 'good', icon: CircleCheck, word: 'Live' },
  ending: { tone: 'warn', icon: Hourglass, word: 'Ends soon' },
  expired: { tone: 'quiet', icon: Clock, word: 'Expired' },
  revoked: { tone: 'quiet', icon: Ban, word: 'Revoked' },
}

export function TokenStateBadge({ state }: { state: TokenState }) {
  const { word, ...look } = LOOK[state]
  return <Badge {...look}>{word}</Badge>
}
