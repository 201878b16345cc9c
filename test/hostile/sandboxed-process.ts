import { type ChildProcess, execFileSync, spawn, type StdioOptions } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cellEntry } from '../../runtime/supervisor/sandbox-paths.ts'
import { type CellCommand, chooseUser, filterDescriptor } from '../../runtime/supervisor/sandbox.ts'

export interface Outcome {
  /** What a shell would say: 128 and the number where a signal ended it. */
  readonly code: number | null
  readonly output: string
  readonly complaint: string
}

/** A file of the test's own that a cell must not get at, with a descriptor number for each that a cell inherits. */
const inheritedDescriptors = [3, 4, 5]

/** A program in the place of a cell, with all that shuts a cell in. */
export class SandboxedProcess {
  readonly child: ChildProcess
  readonly outcome: Promise<Outcome>

  /** @param program the whole command, in place of Node and the cell's script; @param readable what it needs besides what cells see */
  constructor(command: CellCommand, program: readonly string[], readable: readonly string[] = []) {
    const directory = mkdtempSync(join(tmpdir(), 'skerry-probe-'))
    const files = inheritedDescriptors.map((descriptor) => openSync(join(directory, String(descriptor)), 'w+'))
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...files]
    if (command.filter !== undefined) {
      writeFileSync(join(directory, 'filter'), command.filter)
      stdio[filterDescriptor] = openSync(join(directory, 'filter'), 'r')
    }
    this.child = spawn(command.command, withProgram(command.parameters, program, readable), {
      stdio,
      env: {},
      detached: true,
      ...chooseUser(command),
    })
    for (const entry of stdio) if (typeof entry === 'number') closeSync(entry)
    this.outcome = this.#collect(directory)
  }

  kill(): void {
    if (this.child.pid !== undefined && this.child.exitCode === null) process.kill(-this.child.pid, 'SIGKILL')
  }

  async #collect(directory: string): Promise<Outcome> {
    let output = ''
    let complaint = ''
    this.child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    this.child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')))
    const code = await new Promise<number | null>((resolve) => this.child.once('close', resolve))
    rmSync(directory, { recursive: true, force: true })
    return { code, output, complaint }
  }
}

/** The flags of Node that stand before the cell's script. */
export function nodeFlags({ parameters }: CellCommand): string[] {
  return parameters.slice(parameters.lastIndexOf(process.execPath) + 1, parameters.indexOf(cellEntry))
}

function withProgram(parameters: readonly string[], program: readonly string[], readable: readonly string[]): string[] {
  const before = parameters.slice(0, parameters.lastIndexOf(process.execPath))
  const devices = before.indexOf('--dev-bind')
  const binds = readable.flatMap((path) => ['--ro-bind', path, path])
  return devices === -1 ? [...before, ...program] : [...before.slice(0, devices), ...binds, ...before.slice(devices), ...program]
}

/** A program of the system and the libraries that it needs. */
export function programFiles(program: string): string[] {
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? []
  return [program, ...libraries.filter((path) => existsSync(path))]
}
