import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleOff,
  CircleX,
  Clock,
  KeyRound,
  LogIn,
  type LucideIcon,
  Unplug,
} from 'lucide-react'
import type { ReactNode } from 'react'
import type { Outcome, Role, ServerStatus } from '../api/shapes.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet'

interface Props {
  tone?: Tone
  icon?: LucideIcon
  title?: string
  children: ReactNode
}

/** A word with a sign. The colour only repeats what both say. */
export function Badge({ tone = 'quiet', icon: Icon, title, children }: Props) {
  return (
    <span className={`badge ${tone}`} title={title}>
      {Icon !== undefined && <Icon size={13} strokeWidth={2.4} aria-hidden="true" />}
      {children}
    </span>
  )
}

const STATUS: Record<ServerStatus, { tone: Tone; icon: LucideIcon; word: string }> = {
  ready: { tone: 'good', icon: CircleCheck, word: 'Ready' },
  connecting: { tone: 'info', icon: CircleDashed, word: 'Connecting' },
  needs_credential: { tone: 'warn', icon: KeyRound, word: 'Needs credential' },
  needs_login: { tone: 'warn', icon: LogIn, word: 'Needs login' },
  failing: { tone: 'bad', icon: CircleX, word: 'Failing' },
  disabled: { tone: 'quiet', icon: CircleOff, word: 'Off' },
}

export function StatusBadge({ status }: { status: ServerStatus }) {
  const { word, ...look } = STATUS[status]
  return <Badge {...look}>{word}</Badge>
}

const OUTCOME: Record<Outcome, { tone: Tone; icon: LucideIcon; word: string }> = {
  ok: { tone: 'good', icon: CircleCheck, word: 'OK' },
  tool_error: { tone: 'bad', icon: CircleAlert, word: 'Tool error' },
  protocol_error: { tone: 'bad', icon: CircleX, word: 'Protocol error' },
  denied: { tone: 'warn', icon: Ban, word: 'Denied' },
  timeout: { tone: 'bad', icon: Clock, word: 'Timeout' },
  cancelled: { tone: 'quiet', icon: CircleOff, word: 'Cancelled' },
  unreachable: { tone: 'bad', icon: Unplug, word: 'Unreachable' },
}

export function outcomeWord(outcome: Outcome): string {
  return OUTCOME[outcome].word
}

export function OutcomeBadge({ outcome, reason }: { outcome: Outcome; reason?: string | undefined }) {
  const { word, ...look } = OUTCOME[outcome]
  return (
    <Badge {...look} {...(reason !== undefined && { title: reason })}>
      {word}
    </Badge>
  )
}

const ROLE_WORD: Record<Role, string> = {
  owner: 'Owner',
  admin: 'Admin',
  developer: 'Developer',
  readonly: 'Read-only',
}

export function roleWord(role: Role): string {
  return ROLE_WORD[role]
}
