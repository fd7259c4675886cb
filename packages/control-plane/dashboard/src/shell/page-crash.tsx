import { Button } from '../parts/button.tsx'

/** For what nobody foresaw: the page says so instead of going white. */
export function PageCrash() {
  return (
    <main className="alone">
      <h1>This page broke</h1>
      <p>Nothing was lost on the control plane. If it happens again, tell an admin which page it was.</p>
      <p>
        <Button look="main" onClick={() => location.reload()}>
          Reload
        </Button>
      </p>
    </main>
  )
}
