import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { FileOutcome } from './outcome.ts'
import type { Folder } from './suite.ts'

/** `subtests`: names, or `/expressions/` that match names, of a file in all its variants or in one. */
const subtestsSchema = z.strictObject({ file: z.string(), subtests: z.array(z.string()).min(1), reason: z.string().min(10) })

/** What is known of a folder: files that make no sense on a server, and subtests that fail, each with its reason. */
const expectationsSchema = z.strictObject({
  /** `files`: the beginnings of ids, or `/expressions/` that match ids. They are run by no runtime, and count for none. */
  skip: z.array(z.strictObject({ files: z.array(z.string()).min(1), reason: z.string().min(10) })),
  /** Subtests that make no sense on a server, in files that do: they may end as they like, and count for no runtime. */
  ignore: z.array(subtestsSchema).default([]),
  /** Every one that is meant has to fail. */
  fail: z.array(subtestsSchema),
})
export type Expectations = z.infer<typeof expectationsSchema>

export const noExpectations: Expectations = { skip: [], ignore: [], fail: [] }

/** Reads `expectations/FOLDER.json`. */
export async function readExpectations(folder: Folder): Promise<Expectations> {
  const path = join(import.meta.dirname, 'expectations', `${folder.replaceAll('/', '-').toLowerCase()}.json`)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? noExpectations : expectationsSchema.parse(JSON.parse(text))
}

/** Why a file is not run, or undefined where it is. */
export function skipReason(expectations: Expectations, id: string): string | undefined {
  return expectations.skip.find(({ files }) => files.some((start) => (isExpression(start) ? new RegExp(start.slice(1, -1)).test(id) : id.startsWith(start))))?.reason
}

/** The outcome without the subtests that make no sense on a server. */
export function withoutIgnored(expectations: Expectations, id: string, outcome: FileOutcome): FileOutcome {
  return { ...outcome, subtests: outcome.subtests.filter(({ name }) => !isListed(expectations.ignore, id, name)) }
}

function isListed(list: Expectations['fail'], id: string, name: string): boolean {
  return list.some(({ file, subtests }) => (file === id || file === id.split('?', 1)[0]) && subtests.some((pattern) => matches(pattern, name)))
}

/** How an outcome differs from what is expected, a sentence each; an unexpected pass is a difference too. */
export function findSurprises(expectations: Expectations, id: string, outcome: FileOutcome): string[] {
  const surprises: string[] = []
  if (outcome.status !== 'OK' && !isListed(expectations.fail, id, '(harness)')) {
    surprises.push(`${id}: the harness ended with ${outcome.status}: ${outcome.message}`)
  }
  for (const { name, status, message } of outcome.subtests) {
    const isExpectedToFail = isListed(expectations.fail, id, name)
    if (status === 'PASS' && isExpectedToFail) surprises.push(`${id}: passes unexpectedly: ${name}`)
    if (status !== 'PASS' && !isExpectedToFail) surprises.push(`${id}: ${status}: ${name}${message === '' ? '' : `: ${message}`}`)
  }
  return surprises
}

function matches(pattern: string, name: string): boolean {
  return isExpression(pattern) ? new RegExp(pattern.slice(1, -1), 's').test(name) : pattern === name
}

function isExpression(pattern: string): boolean {
  return pattern.length > 1 && pattern.startsWith('/') && pattern.endsWith('/')
}
