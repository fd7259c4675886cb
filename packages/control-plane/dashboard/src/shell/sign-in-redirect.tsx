import { useNavigate, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'

/** To the sign-in page, and from there back to here. */
export function SignInRedirect() {
  const navigate = useNavigate()
  const router = useRouter()
  useEffect(() => {
    // Read once: while it leads away the address is on its way too, and following that would never end.
    const { href } = router.state.location
    void navigate({ to: '/sign-in', search: href === '/' ? {} : { next: href }, replace: true })
  }, [navigate, router])
  return null
}
