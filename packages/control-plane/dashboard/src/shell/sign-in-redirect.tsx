import { Navigate, useLocation } from '@tanstack/react-router'

/** To the sign-in page, and from there back to here. */
export function SignInRedirect() {
  const here = useLocation({ select: (location) => location.href })
  return <Navigate to="/sign-in" search={here === '/' ? {} : { next: here }} replace />
}
