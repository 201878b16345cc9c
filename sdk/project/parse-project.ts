import { findNodeAtLocation, type Node, parseTree, type ParseError, printParseErrorCode } from 'jsonc-parser'
import { z } from 'zod'
import { type FunctionProject, projectSchema } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { closest } from './closest.ts'
import { findUnoffered } from './offered.ts'

const [singleSchema, groupSchema] = projectSchema.options

type PathSegment = string | number

interface Complaint {
  readonly offset: number
  readonly field: string
  readonly text: string
}

function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  return `${before.split('\n').length}:${offset - lineStart + 1}`
}

/** The node at the path, or the innermost that exists above it (a missing key has no place of its own). */
function nearestNode(root: Node, path: readonly PathSegment[]): Node {
  for (let length = path.length; length > 0; length -= 1) {
    const node = findNodeAtLocation(root, path.slice(0, length))
    if (node !== undefined) return node
  }
  return root
}

/** The keys that the schema knows in the object at the path. */
function knownKeys(schema: unknown, path: readonly PathSegment[]): string[] {
  let node = schema
  const enter = (key: string): void => {
    node = typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined
  }
  for (const segment of path) {
    if (typeof segment === 'number') enter('items')
    else {
      enter('properties')
      enter(segment)
    }
  }
  enter('properties')
  return typeof node === 'object' && node !== null ? Object.keys(node) : []
}

function complaintsOfIssue(issue: z.core.$ZodIssue, root: Node, schema: unknown): Complaint[] {
  const path = issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)))
  if (issue.code !== 'unrecognized_keys') {
    const field = path.join('.')
    const isMissing = findNodeAtLocation(root, path) === undefined
    const text = isMissing && path.length > 0 ? `"${String(path.at(-1))}" is missing` : `"${field}": ${issue.message}`
    return [{ offset: nearestNode(root, path).offset, field, text }]
  }
  const known = knownKeys(schema, path)
  return issue.keys.map((key) => {
    const value = findNodeAtLocation(root, [...path, key])
    const suggestion = closest(key, known)
    const hint = suggestion === undefined ? `known keys: ${known.join(', ')}` : `did you mean "${suggestion}"?`
    return { offset: value?.parent?.offset ?? root.offset, field: [...path, key].join('.'), text: `unknown key "${key}"; ${hint}` }
  })
}

function invalid(file: string, text: string, complaints: readonly Complaint[]): SkerryError {
  const lines = complaints.map((complaint) => `${file}:${lineAndColumn(text, complaint.offset)}: ${complaint.text}`)
  return new SkerryError('config_invalid', lines.join('\n'), { field: complaints[0]?.field ?? '' })
}

/** The functions of a project file with the places of their keys, for complaints of later checks. */
export interface ParsedProject {
  readonly functions: readonly FunctionProject[]
  /** A `config_invalid` that points at the key at `path` in the file, in the function with this index. */
  complain(functionIndex: number, path: readonly PathSegment[], text: string): SkerryError
}

/**
 * Parses and validates the text of a `skerry.jsonc`, with every default filled in. Throws `config_invalid`, each complaint on a
 * line of its own as `file:line:column: text`. @param file name to show in complaints
 */
export function parseProject(text: string, file: string): ParsedProject {
  const parseErrors: ParseError[] = []
  const root = parseTree(text, parseErrors, { allowTrailingComma: true })
  if (root === undefined || parseErrors.length > 0) {
    const complaints = parseErrors.map((error) => ({
      offset: error.offset,
      field: '',
      text: `not valid JSON: ${printParseErrorCode(error.error).replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()}`,
    }))
    throw invalid(file, text, complaints.length > 0 ? complaints : [{ offset: 0, field: '', text: 'the file is empty' }])
  }
  const isGroup = findNodeAtLocation(root, ['functions']) !== undefined
  const schema = isGroup ? groupSchema : singleSchema
  const value: unknown = valueOf(root)
  const result = schema.safeParse(value)
  if (!result.success) {
    const jsonSchema = z.toJSONSchema(schema, { io: 'input', reused: 'inline' })
    throw invalid(file, text, result.error.issues.flatMap((issue) => complaintsOfIssue(issue, root, jsonSchema)))
  }
  const functions = 'functions' in result.data ? result.data.functions : [withoutSchemaKey(result.data)]
  const complain = (functionIndex: number, path: readonly PathSegment[], complaint: string): SkerryError => {
    const full = isGroup ? ['functions', functionIndex, ...path] : path
    return invalid(file, text, [{ offset: nearestNode(root, full).offset, field: full.join('.'), text: complaint }])
  }
  for (const [index, project] of functions.entries()) {
    const { name } = project
    const unoffered = findUnoffered(project)
    if (unoffered !== undefined) throw complain(index, unoffered, `"${unoffered.join('.')}" is not offered by this version of Skerry; leave it out`)
    if (functions.findIndex((other) => other.name === name) !== index) {
      throw complain(index, ['name'], `another function of this file is called "${name}" too`)
    }
  }
  return { functions, complain }
}

/** Plain value of a syntax tree. Own keys only: `__proto__` in a file stays a key. */
function valueOf(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(valueOf)
  if (node.type !== 'object') return node.value
  const entries = (node.children ?? []).map(({ children }): [string, unknown] => {
    const [key, value] = children ?? []
    return [String(key?.value), value === undefined ? undefined : valueOf(value)]
  })
  return Object.fromEntries(entries)
}

function withoutSchemaKey({ $schema: _schema, ...project }: z.infer<typeof singleSchema>): FunctionProject {
  return project
}
