type Schema = Record<string, unknown>

/** Something that fits the schema, as far as the schemas of published servers go; `known` are values by member name. */
export function sampleArguments(schema: Schema, known: Schema = {}): Schema {
  return (sample(schema, '', known) ?? {}) as Schema
}

function sample(schema: Schema, name: string, known: Schema): unknown {
  if (name in known) return known[name]
  const { type, enum: values, const: value, default: usual, anyOf, oneOf } = schema
  if (value !== undefined) return value
  if (usual !== undefined) return usual
  if (Array.isArray(values)) return values[0]
  const [choice] = [anyOf, oneOf].flatMap((choices) => (Array.isArray(choices) ? choices : []))
  if (choice !== undefined) return sample(choice, name, known)
  switch (Array.isArray(type) ? type[0] : type) {
    case 'object':
      return sampleObject(schema, known)
    case 'array':
      return [sample((schema.items ?? {}) as Schema, '', known)]
    case 'number':
    case 'integer':
      return Number(schema.minimum ?? 1)
    case 'boolean':
      return false
    default:
      return 'text'.padEnd(Number(schema.minLength ?? 0), 'x')
  }
}

function sampleObject({ properties = {} }: Schema, known: Schema): Schema {
  const members = Object.entries(properties as Record<string, Schema>)
  return Object.fromEntries(members.map(([name, member]) => [name, sample(member, name, known)]))
}
