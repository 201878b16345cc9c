import fc from 'fast-check'
import { exampleOf, type Schema } from '../api/document/index.ts'

/** Requests that are nearly right, made from the schemas of the API's document. */

const strangeKeys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', ' ', '\u0000', 'a'.repeat(300), '😀', 'x.y', '$ref']

const strangeText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom(
    '', ' ', '\u0000', '\uFEFF', '\uD800', '‮', '💥'.repeat(20), 'null', 'NaN', '../..', '%00', '%zz', 'a'.repeat(36), 'a'.repeat(5_000), '-', 'a--b', 'A', '__proto__', '{}', "' OR 1=1 --",
    'x/y', '?a=b', '#', '\r\nx: y', '1e999', '٣', '\u2028',
  ),
)

const strangeNumber = fc.constantFrom(-1, 0, -0, 0.5, 1e308, -1e308, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER + 1, Number.MIN_VALUE, 2 ** 31, 2 ** 32, 2 ** 63, 1e21)

const junk: fc.Arbitrary<unknown> = fc.oneof(
  strangeText, strangeNumber, fc.boolean(), fc.constant(null), fc.constant([]), fc.constant({}), fc.constant([[]]), fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(...strangeKeys).map((key) => JSON.parse(`{${JSON.stringify(key)}:{"polluted":true}}`) as unknown),
  fc.constant(Array.from({ length: 2_000 }, () => 'x')),
)

/** Mostly what the schema allows, and now and then something else, at any depth. */
export function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: allowed(schema) }, { weight: 1, arbitrary: junk })
}

function allowed(schema: Schema): fc.Arbitrary<unknown> {
  const example = fc.constant(exampleOf(schema))
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives !== undefined && alternatives.length > 0) return fc.oneof(...alternatives.map(valuesOf))
  if (schema.enum !== undefined) return fc.oneof(fc.constantFrom(...schema.enum), strangeText)
  switch (typeof schema.type === 'string' ? schema.type : schema.type?.[0]) {
    case 'object': return objectsOf(schema)
    case 'array': return fc.oneof({ weight: 4, arbitrary: fc.array(valuesOf(schema.items ?? {}), { maxLength: 3 }) }, { weight: 1, arbitrary: example })
    case 'integer': case 'number': return fc.oneof(example, fc.integer(), fc.double(), strangeNumber)
    case 'boolean': return fc.boolean()
    case 'string': return fc.oneof({ weight: 3, arbitrary: example }, { weight: 1, arbitrary: strangeText })
    default: return fc.oneof(example, junk)
  }
}

function objectsOf({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
  const shape = Object.fromEntries(Object.entries(properties).map(([key, of]) => [key, valuesOf(of)]))
  const record = fc.oneof(
    { weight: 8, arbitrary: fc.record(shape, { requiredKeys: [...required].filter((key) => key in shape) }) },
    { weight: 1, arbitrary: fc.record(shape, { requiredKeys: [] }) },
  )
  // Parsed from text, so that `__proto__` is a key of its own.
  const more = fc.oneof({ weight: 8, arbitrary: fc.constant('{}') }, { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...strangeKeys), fc.jsonValue()).map(([key, value]) => `{${JSON.stringify(key)}:${JSON.stringify(value)}}`) })
  return fc.tuple(record, more).map(([own, text]) => ({ ...own, ...(JSON.parse(text) as object) }))
}

export interface RawBody {
  readonly contentType: string
  readonly bytes: Uint8Array
}

/** A body as it goes over the wire: mostly JSON of the value, now and then spoilt. */
export function bodiesOf(schema: Schema): fc.Arbitrary<RawBody> {
  const encode = (text: string, contentType = 'application/json'): RawBody => ({ contentType, bytes: Buffer.from(text) })
  const text = valuesOf(schema).map((value) => JSON.stringify(value) ?? '')
  return fc.oneof(
    { weight: 16, arbitrary: text.map((whole) => encode(whole)) },
    { weight: 1, arbitrary: fc.tuple(text, fc.nat()).map(([whole, at]) => encode(whole.slice(0, at % (whole.length + 1)))) },
    { weight: 1, arbitrary: text.map((whole) => encode(whole.replace('{', '{"name":1,"name":"hello",'))) },
    { weight: 1, arbitrary: text.map((whole) => encode(`\uFEFF${whole}`)) },
    { weight: 1, arbitrary: text.map((whole) => ({ contentType: 'application/json', bytes: Buffer.from(whole, 'utf16le') })) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 50 }).map((bytes) => ({ contentType: 'application/json', bytes })) },
    { weight: 1, arbitrary: fc.constantFrom(20_000, 200_000).map((depth) => encode('['.repeat(depth))) },
    { weight: 1, arbitrary: fc.constantFrom(1_000, 20_000).map((depth) => encode(`${'{"functions":['.repeat(depth)}${']}'.repeat(depth)}`)) },
    {
      weight: 2,
      arbitrary: fc.tuple(text, fc.constantFrom('text/plain', 'application/xml', 'application/json; charset=utf-16', 'multipart/form-data', 'application/x-www-form-urlencoded', '', ';', 'application/json, text/html'))
        .map(([whole, type]) => encode(whole, type)),
    },
  )
}

/** A value for a part of the path or the query, which is text whatever its schema says. */
export function textsOf(schema: Schema, usual: string): fc.Arbitrary<string> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: strangeText }, { weight: 1, arbitrary: allowed(schema).map((value) => (typeof value === 'string' ? value : JSON.stringify(value) ?? '')) })
}
