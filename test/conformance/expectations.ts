import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { FileOutcome } from './outcome.ts'
import type { Folder } from './suite.ts'

/** What is known of a folder: files that make no sense on a server, and subtests that fail, each with its reason. */
const expectationsSchema = z.strictObject({
  /** `files`: the beginnings of ids, or `/expressions/` that match ids. They are run by no runtime, and count for none. */
  skip: z.array(z.strictObject({ files: z.array(z.string()).min(1), reason: z.string().min(10) })),
  /** `subtests`: names, or `/expressions/` that match names; every one that is meant has to fail. */
  fail: z.array(z.strictObject({ file: z.string(), subtests: z.array(z.string()).min(1), reason: z.string().min(10) })),
})
export type Expectations = z.infer<typeof expectationsSchema>

export const noExpectations: Expectations = { skip: [], fail: [] }

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

/** Whether a subtest of a file is expected to fail. */
export function expectedFailure(expectations: Expectations, id: string, name: string): string | undefined {
  return expectations.fail.find(({ file, subtests }) => (file === id || file === id.split('?', 1)[0]) && subtests.some((pattern) => matches(pattern, name)))?.reason
}

/** How an outcome differs from what is expected, a sentence each; an unexpected pass is a difference too. */
export function findSurprises(expectations: Expectations, id: string, outcome: FileOutcome): string[] {
  const surprises: string[] = []
  if (outcome.status !== 'OK' && expectedFailure(expectations, id, '(harness)') === undefined) {
    surprises.push(`${id}: the harness ended with ${outcome.status}: ${outcome.message}`)
  }
  for (const { name, status, message } of outcome.subtests) {
    const isExpectedToFail = expectedFailure(expectations, id, name) !== undefined
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
