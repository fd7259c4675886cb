const WORDS: Record<string, string> = {
  bidi_control:
    'Characters that turn the order of the letters around them: it does not say what it seems to say.',
  invisible_character: 'Characters that cannot be seen, but are read by models.',
  tag_character: 'Letters that no program shows, but models read: a hidden message.',
  control_character: 'Control characters, which can change what a terminal shows.',
  instruction: 'It speaks to the model about something else than what the tool does.',
  encoded_text: 'A long encoded text, which models can read and people cannot.',
  hidden_comment: 'A part that a page would not show.',
}

/** What a flag means, for whoever decides. */
export function flagWords(kind: string): string {
  return WORDS[kind] ?? 'Something that stands out.'
}
