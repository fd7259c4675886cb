/** Takes the place of what is coming, so that nothing jumps when it arrives. */
export function Skeleton({ height = '8rem' }: { height?: string }) {
  return (
    <span className="skeleton" role="status" style={{ height }}>
      <span className="aside">Loading</span>
    </span>
  )
}
