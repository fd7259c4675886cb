import { Monitor, Moon, Sun } from 'lucide-react'
import { useThemeWish, type Wish } from '../../shell/theme.ts'

const WISHES: readonly { value: Wish; word: string; icon: typeof Sun }[] = [
  { value: 'system', word: 'As the system', icon: Monitor },
  { value: 'light', word: 'Light', icon: Sun },
  { value: 'dark', word: 'Dark', icon: Moon },
]

export function ThemeChoice() {
  const [wish, choose] = useThemeWish()
  return (
    <fieldset className="segments" aria-label="Colours">
      {WISHES.map(({ value, word, icon: Icon }) => (
        <button key={value} type="button" aria-pressed={value === wish} onClick={() => choose(value)}>
          <Icon size={15} aria-hidden="true" /> {word}
        </button>
      ))}
    </fieldset>
  )
}
