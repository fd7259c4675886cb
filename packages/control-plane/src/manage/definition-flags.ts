/** What a reviewer should look at twice in a tool's definition. Nothing is changed or refused because of it. */
export interface DefinitionFlag {
  kind: FlagKind
  /** JSON pointer to the text. */
  path: string
  /** What was found, or the text around what cannot be seen. */
  found: string
}

export const FLAG_KINDS = [
  'bidi_control', // turns the order of the letters around it
  'invisible_character', // takes no room
  'tag_character', // a letter that no program shows, but models read
  'control_character', // moves the cursor of a terminal
  'instruction', // speaks to the model about something else than the tool
  'encoded_text', // long base64, which models can read
  'hidden_comment', // HTML that a page does not show
] as const
export type FlagKind = (typeof FLAG_KINDS)[number]

const MAX_FLAGS = 50
const MAX_FOUND_LENGTH = 120

/** What stands out in a definition, in the order in which it is written. */
export function flagsOf(definition: unknown): DefinitionFlag[] {
  const flags: DefinitionFlag[] = []
  for (const { path, text } of textsIn(definition, '')) {
    flags.push(...flagsOfText(text).map((flag) => ({ path, ...flag })))
    if (flags.length >= MAX_FLAGS) break
  }
  return flags.slice(0, MAX_FLAGS)
}

type Place = { path: string; text: string }

/** Every text, names of members among them: a model reads those too. */
function* textsIn(value: unknown, path: string): Generator<Place> {
  if (typeof value === 'string') yield { path, text: value }
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    const below = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (!Array.isArray(value)) yield { path: below, text: key }
    // An icon is encoded by its nature.
    if (key === 'icons') continue
    yield* textsIn(member, below)
  }
}

/** Emoji are joined, and three flags are spelled, with characters that are suspicious anywhere else. */
const EMOJI_SEQUENCE =
  /\u{1f3f4}[\u{e0030}-\u{e007a}]{3,6}\u{e007f}|\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?(?:\u200d\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)+/gu
/** Persian, Arabic and the scripts of India need joiners between their letters. */
const JOINED_LETTERS =
  /(?<=[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}])[\u200c\u200d]/gu

const UNSEEN: readonly [FlagKind, RegExp][] = [
  ['bidi_control', /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u],
  [
    'invisible_character',
    /\u034f|[\u00ad\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{1d173}-\u{1d17a}]|[\u{e0100}-\u{e01ef}]/u,
  ],
  ['tag_character', /[\u{e0000}-\u{e007f}]/u],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  ['control_character', /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/u],
]

/** At most one flag of a kind for one text. */
function flagsOfText(text: string): Omit<DefinitionFlag, 'path'>[] {
  const visible = text.replace(EMOJI_SEQUENCE, '').replace(JOINED_LETTERS, '')
  const unseen = UNSEEN.flatMap(([kind, pattern]) => {
    const match = pattern.exec(visible)
    return match === null ? [] : [{ kind, found: around(visible, match.index) }]
  })
  const plain = plainText(visible)
  const said = INSTRUCTIONS.map((pattern) => pattern.exec(plain)?.[0]).find((match) => match !== undefined)
  const encoded = text.match(LONG_WORDS)?.find(looksEncoded)
  const comment = HIDDEN.exec(text)?.[0]
  return [
    ...unseen,
    ...(said === undefined ? [] : [{ kind: 'instruction' as const, found: short(said) }]),
    ...(encoded === undefined ? [] : [{ kind: 'encoded_text' as const, found: short(encoded) }]),
    ...(comment === undefined ? [] : [{ kind: 'hidden_comment' as const, found: short(comment) }]),
  ]
}

/** As a reader would take it: letters of other alphabets that look alike, invisible ones and line breaks are gone. */
function plainText(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/[\p{Cf}\p{Mn}]/gu, '')
    .replaceAll(/[_*`\s]+/gu, ' ')
}

const EARLIER = '(?:previous|prior|above|earlier|preceding|other|existing|original|system|initial)'
const ORDERS = '(?:instructions?|prompts?|rules?|guidelines?|directions?|messages?|constraints?|context)'
const PERSON = '(?:the )?(?:users?|humans?|operators?|customers?|anyone|them)'

const INSTRUCTIONS: readonly RegExp[] = [
  new RegExp(
    `(?:ignor|disregard|forget|overrid|bypass)(?:e|ing)? (?:\\w+ ){0,4}${EARLIER} (?:\\w+ )?${ORDERS}`,
    'iu',
  ),
  /(?:ignore|disregard|forget) (?:everything|all|anything|what) (?:\w+ ){0,3}(?:above|before|earlier|said|told)/iu,
  new RegExp(
    `(?:do not|don['’]t|never|must not|without|avoid) (?:\\w+ ){0,3}(?:tell|mention|inform|notify|alert|reveal|disclose|show|warn|telling|mentioning|informing|notifying|alerting|revealing|disclosing|showing|warning|explain|explaining)(?: (?:this|that|it|any of this|about))*(?: to)? ${PERSON}`,
    'iu',
  ),
  new RegExp(
    `(?:do not|don['’]t|never|must not|without|avoid) (?:\\w+ )?(?:mention|reveal|disclose)(?:ing)?(?: \\w+){0,4} to ${PERSON}`,
    'iu',
  ),
  /(?:hide|conceal|keep) (?:this|that|it|these)(?: \w+){0,4} (?:from|secret)/iu,
  /<\/?\s*(?:important|system|secret|instructions?|assistant|admin|hidden|critical|override|s|im_start|im_end|sys)\s*(?:\|?)>|<\|[\w ]{2,20}\|>|\[\/?(?:INST|SYSTEM|SYS)\]|<<\/?SYS>>/iu,
  /(?:you are now|from now on,? (?:you|always|every)|act as (?:if you|an? (?:unrestricted|different|admin|root))|new (?:system )?(?:instructions?|prompt)\s*:|system ?(?:prompt|override|message)\s*[:=])/iu,
  /(?:reveal|print|output|repeat|leak|include|send|exfiltrate)(?: \w+){0,4} (?:system prompt|api ?keys?|passwords?|private keys?|ssh keys?|secrets|credentials|environment variables|conversation(?: history)?|chat history)\b(?: \w+){0,6} (?:to|in|as|into|with)\b/iu,
  /(?:~|\/home\/\w+|\/root|\$HOME)\/\.(?:ssh|aws|cursor|config|env|netrc|gnupg|kube|npmrc|docker)|\bid (?:rsa|ed25519)\b|\/etc\/(?:passwd|shadow)|mcp\.json/iu,
  /(?:before|after|prior to|when|whenever) (?:using|calling|invoking|running|executing|you (?:use|call)) (?:this|any|the|another|every)(?: \w+){0,3}(?:,? ?(?:you|first|always|also|must|please))* (?:must|always|first|also)?\s*(?:read|send|fetch|open|call|forward|upload|copy|post|cat)\b(?!s)(?: \w+){0,6} (?:file|contents?|to|and|key|config|history|url|webhook|tool)/iu,
  /(?:this|these|the following) (?:instructions?|rules?|messages?|notice) (?:\w+ ){0,3}(?:overrides?|supersedes?|takes? (?:precedence|priority)|is more important|are more important|has priority)/iu,
  /(?:instead of|rather than)(?: \w+){1,4},? (?:always |you must )?(?:send|forward|redirect|bcc|route|email) (?:\w+ ){0,4}to\b|\b(?:bcc|always (?:also )?(?:send|forward|copy))\b(?: \w+){0,5} [\w.+-]{1,64}@[\w-]{1,64}\.\w/iu,
  /(?:the )?(?:user|operator|administrator|human)s? (?:has|have) (?:already )?(?:approved|consented|authorized|agreed|granted)|no (?:confirmation|approval|consent) (?:is )?(?:needed|required|necessary)/iu,
]

const LONG_WORDS = /[A-Za-z0-9+/_-]{100,}/g

/** Upper and lower case and digits in a long run without spaces: no word, no path of names, no digest. */
function looksEncoded(word: string): boolean {
  const words = word.split(/[/_-]/).length
  return /[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word) && word.length / words > 24
}

const HIDDEN =
  /<!--[\s\S]{0,200}|<[a-z]+ [^<>]{0,200}(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|color\s*:\s*(?:white|transparent))/iu

function around(text: string, at: number): string {
  return text.slice(Math.max(0, at - 20), at + 60)
}

function short(text: string): string {
  return text.length <= MAX_FOUND_LENGTH ? text : `${text.slice(0, MAX_FOUND_LENGTH - 1)}…`
}
