import { Link } from '@tanstack/react-router'

export function NotFound() {
  return (
    <main className="alone">
      <h1>There is no such page</h1>
      <p>
        It may have been for something that is gone. <Link to="/">Go to the start</Link>
      </p>
    </main>
  )
}
