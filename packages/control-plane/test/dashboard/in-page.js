// Runs inside of the pages, before anything of theirs: what only a script beside them can see.
;(() => {
  const violations = []
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
    violations.push(`${violatedDirective} ${blockedURI} ${sample}`)
  })

  const INTERACTIVE =
    'a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex="-1"]), [contenteditable="true"]'

  function isReachable(element) {
    if (element.matches(':disabled') || element.closest('[inert]') || element.tabIndex < 0) return false
    // Of a group of radio buttons the focus goes to one, and arrows to the others.
    if (element.type === 'radio' && !element.checked && hasChecked(element)) return false
    return element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })
  }

  function hasChecked({ name, form }) {
    return [...document.querySelectorAll('input[type=radio]:checked')].some(
      (other) => other.name === name && other.form === form,
    )
  }

  function describe(element) {
    const words = (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40)
    return `${element.localName}${element.type ? `[${element.type}]` : ''} "${words}"`
  }

  /** How an element looks at its edge: what has to change for a focus to be seen. */
  function edgeOf(element) {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor } = getComputedStyle(element)
    const outlined = outlineStyle !== 'none' && outlineWidth !== '0px'
    return `${outlined ? `${outlineWidth} ${outlineColor}` : ''} ${boxShadow} ${borderColor}`
  }

  const focused = []
  let watching = false
  document.addEventListener('focusin', ({ target }) => {
    if (watching) focused.push({ target, edge: edgeOf(target) })
  })

  globalThis.look = {
    violations,

    /** Begins to note what gets the focus. */
    watchFocus() {
      document.activeElement?.blur()
      focused.length = 0
      watching = true
    },

    /** How often to press Tab until the focus has been everywhere: once around, or not at all. */
    leftToFocus() {
      const visited = new Set(focused.map(({ target }) => target))
      const reachable = [...document.querySelectorAll(INTERACTIVE)].filter(isReachable)
      return reachable.every((element) => visited.has(element)) ? 0 : reachable.length + 1
    },

    /** What never got the focus though it should have, and what got it without showing it. */
    focusFaults() {
      watching = false
      document.activeElement?.blur()
      const visited = new Set(focused.map(({ target }) => target))
      const missed = [...document.querySelectorAll(INTERACTIVE)]
        .filter((element) => isReachable(element) && !visited.has(element))
        .map((element) => `never focused: ${describe(element)}`)
      const unseen = focused
        .filter(
          ({ target, edge }) => target.isConnected && target !== document.body && edgeOf(target) === edge,
        )
        .map(({ target }) => `focus not to be seen: ${describe(target)}`)
      return [...new Set([...missed, ...unseen])]
    },

    /** What got the focus outside of the topmost dialog. */
    focusedOutsideDialog() {
      const dialog = [...document.querySelectorAll('dialog[open]')].at(-1)
      return focused
        .filter(({ target }) => target !== document.body && !dialog?.contains(target))
        .map(({ target }) => describe(target))
    },

    focusedElement: () => (document.activeElement === null ? '' : describe(document.activeElement)),

    /** By how many pixels the page is wider than the window. */
    tooWide() {
      return Math.max(0, document.scrollingElement.scrollWidth - innerWidth)
    },

    running: () =>
      document
        .getAnimations()
        .filter(({ playState }) => playState === 'running')
        .map(({ animationName, transitionProperty }) => animationName ?? transitionProperty),

    /** Whatever could run or lead away if text had become markup. */
    markup() {
      const handlers = [...document.querySelectorAll('*')].flatMap((element) =>
        [...element.attributes]
          .filter(({ name }) => /^on|^formaction$|^srcdoc$|^ping$/i.test(name))
          .map(({ name }) => `${element.localName}[${name}]`),
      )
      const elements = [
        ...document.querySelectorAll(
          'iframe, object, embed, base, frame, portal, applet, marquee, math, form[action], meta[http-equiv]',
        ),
      ].map(describe)
      const files = [...document.querySelectorAll('script, link')]
        .filter((file) => !String(file.src ?? file.href).startsWith(`${location.origin}/`))
        .map((file) => `${file.localName} ${file.src ?? file.href}`)
      const addresses = [...document.querySelectorAll('[href], [src], [action]')]
        .map((element) => element.href ?? element.src ?? element.action)
        .map((address) => String(address.baseVal ?? address))
        .filter(
          (address) => !/^(https?:|blob:|data:image\/(png|jpeg|gif|webp);base64,|data:audio\/)/.test(address),
        )
      return [...handlers, ...elements, ...files, ...addresses]
    },

    /** All that a person or a script can read in the page. */
    everything() {
      const values = [...document.querySelectorAll('input, textarea')].map(({ value }) => value)
      const attributes = [...document.querySelectorAll('*')].flatMap((element) =>
        [...element.attributes].map(({ value }) => value),
      )
      const stores = JSON.stringify([
        document.cookie,
        { ...localStorage },
        { ...sessionStorage },
        history.state,
      ])
      return [document.documentElement.textContent, location.href, stores, ...values, ...attributes].join(
        '\n',
      )
    },
  }
})()
