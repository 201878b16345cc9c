import { Command } from 'commander'
import { resolve } from 'node:path'
import { SkerryError } from '../../../errors/index.ts'
import { createProject, listTemplates } from '../../templates/index.ts'
import type { CliContext } from '../context.ts'
import { attempt, type JsonOption, type SetExitCode, withJson } from '../options.ts'
import { skerryDependency } from '../package-root.ts'

interface InitOptions extends JsonOption {
  readonly template?: string
}

interface Answers {
  readonly directory: string
  readonly template: string
}

async function ask(): Promise<Answers> {
  const { isCancel, select, text } = await import('@clack/prompts')
  const templates = await listTemplates()
  const directory = await text({ message: 'Where?', placeholder: './hello', defaultValue: './hello', output: process.stderr })
  const template = isCancel(directory)
    ? directory
    : await select({
        message: 'Which template?',
        options: templates.map(({ name, description }) => ({ value: name, label: name, hint: description })),
        output: process.stderr,
      })
  if (isCancel(directory) || isCancel(template)) throw new SkerryError('invalid_request', 'Nothing was written')
  return { directory, template }
}

export function initCommand(context: CliContext, setExitCode: SetExitCode): Command {
  const command = new Command('init')
    .description('write a new project (templates: hello, hono, json-api)')
    .argument('[dir]', 'where to; asked on a terminal, else the current folder')
    .option('--template <name>', 'which template (default: hello)')
  return withJson(command).action(async (dir: string | undefined, options: InitOptions) =>
    attempt(context, setExitCode, options, async (reporter) => {
      const shouldAsk = dir === undefined && options.template === undefined && context.isInteractive && !reporter.json
      const answers = shouldAsk ? await ask() : { directory: dir ?? '.', template: options.template ?? 'hello' }
      const directory = resolve(context.workingDirectory, answers.directory)
      const created = await createProject(directory, answers.template, skerryDependency(directory))
      reporter.result(created)
      reporter.show(`wrote ${created.files.join(', ')}`)
      const enter = answers.directory === '.' ? '' : `cd ${answers.directory} && `
      reporter.show(`Next: ${enter}npm install && npx skerry dev`)
    }),
  )
}
