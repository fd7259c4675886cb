import { resolve } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'

const SCRIPT = resolve(import.meta.dirname, 'in-page.js')

/** What `in-page.js` can say about a page. */
interface Looks {
  violations: string[]
  watchFocus: undefined
  leftToFocus: number
  focusFaults: string[]
  focusedOutsideDialog: string[]
  focusedElement: string
  tooWide: number
  running: string[]
  markup: string[]
  everything: string
}

/** Lets every page of a window be looked at from inside. */
export async function addLooks(context: BrowserContext): Promise<void> {
  await context.addInitScript({ path: SCRIPT })
}

/** Looks at a page from inside of it. */
export function look<What extends keyof Looks>(page: Page, what: What): Promise<Looks[What]> {
  return page.evaluate<Looks[What]>(what === 'violations' ? 'look.violations' : `look.${what}()`)
}
