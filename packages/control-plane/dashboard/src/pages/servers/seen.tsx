import { type Piece, seenText } from './seen-text.ts'

/** A text of a server's in which nothing hides. */
export function Seen({ text }: { text: string }) {
  return seenText(text).map((piece, index) => <SeenPiece key={`${index}-${piece.text}`} piece={piece} />)
}

function SeenPiece({ piece: { text, sign } }: { piece: Piece }) {
  if (!sign) return text
  return (
    <span className="sign" title="A character that cannot be seen">
      {text}
    </span>
  )
}
