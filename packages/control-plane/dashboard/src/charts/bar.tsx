/** A share of the largest, beside the figure that says the same. */
export function Bar({ share }: { share: number }) {
  return (
    <span className="bar" aria-hidden="true">
      <span style={{ '--share': Math.min(1, Math.max(0, share)) } as React.CSSProperties} />
    </span>
  )
}
