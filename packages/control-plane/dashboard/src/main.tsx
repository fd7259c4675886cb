import './styles/tokens.css'
import './styles/base.css'
import './styles/shell.css'
import './styles/parts.css'
import './styles/charts.css'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/api-error.ts'
import { whoamiQuery } from './api/queries.ts'
import { askAheadForOverview } from './pages/overview/overview-queries.ts'
import { Toasts } from './parts/toasts.tsx'
import { router } from './shell/router.tsx'
import { isSignedOut } from './shell/session.tsx'
import { startTheme } from './shell/theme.ts'

const MAX_RETRIES = 2

const client = new QueryClient({
  queryCache: new QueryCache({
    // Any page that hears that the session has ended asks who is signed in, and that leads to the sign-in page.
    onError(error, query) {
      if (isSignedOut(error) && query.queryKey[0] !== 'whoami')
        void client.invalidateQueries({ queryKey: whoamiQuery.queryKey })
    },
  }),
  defaultOptions: {
    queries: {
      // A refusal stays one; silence may not.
      retry: (count, error) =>
        count < MAX_RETRIES && !(error instanceof ApiError && error.status > 0 && error.status < 500),
    },
  },
})

startTheme()
// Asked for before anything is drawn, beside the scripts of the page: all pages wait for it but these two.
if (!/\/(?:sign-in|setup)$/.test(location.pathname)) void client.prefetchQuery(whoamiQuery)
const overviewOf = /\/w\/([a-z0-9-]+)\/?$/.exec(location.pathname)?.[1]
// Whatever fails here is asked for again, and shown, by the page.
if (overviewOf !== undefined) void askAheadForOverview(client, overviewOf).catch(() => {})

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no root')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <Toasts>
        <RouterProvider router={router} />
      </Toasts>
    </QueryClientProvider>
  </StrictMode>,
)
