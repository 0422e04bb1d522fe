import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { StartError } from './start-error.ts'

/** What `npm start` and `npm run emulators` can be told. */
export interface LocalOptions {
  /** Of the broker. */
  readonly port: number
  /** The first of the emulators' ten; 0 for free ones. */
  readonly emulatorPorts: number
  readonly folder: string
  readonly reset: boolean
  readonly json: boolean
}

const defaultPort = 7071
const firstEmulatorPort = 10_000
const portsEach = 10
const blocks = 5000

/** Ten ports for each port of the broker, so that brokers side by side need no option but `--port`. */
export const emulatorPortsBeside = (port: number): number =>
  firstEmulatorPort + portsEach * ((((port - defaultPort) % blocks) + blocks) % blocks)

interface Option {
  /** What stands for its value; without one it is a switch. */
  readonly value?: string
  readonly text: string
}

const texts = {
  port: { value: 'number', text: `The broker's port (${defaultPort}); 0 for a free one.` },
  'emulator-ports': {
    value: 'number',
    text: `The first of the emulators' ten ports; 0 for free ones. Default: ${firstEmulatorPort}, and ten further on for each port above ${defaultPort}, so 10010 with --port 7072.`,
  },
  folder: {
    value: 'folder',
    text: 'Where everything is kept (.local). A second one beside it: .local/second.',
  },
  reset: { text: 'First deletes what is kept in the folder.' },
  json: { text: "Shows the broker's log lines as they are." },
  help: { text: 'Shows this.' },
} as const satisfies Readonly<Record<string, Option>>

type OptionName = keyof typeof texts

export interface Command {
  /** As it is typed. */
  readonly name: string
  readonly summary: string
  readonly options: readonly OptionName[]
}

export const startCommand: Command = {
  name: 'npm start',
  summary: 'The broker and everything it talks to, on this machine.',
  options: ['port', 'emulator-ports', 'folder', 'reset', 'json', 'help'],
}

export const emulatorsCommand: Command = {
  name: 'npm run emulators',
  summary: 'What the broker talks to, for `func start` in another terminal.',
  options: ['emulator-ports', 'folder', 'reset', 'help'],
}

export function helpOf({ name, summary, options }: Command): string {
  const lines = options.map((option) => {
    const { text, value }: Option = texts[option]
    return `  ${`--${option}${value ? ` <${value}>` : ''}`.padEnd(26)}${text}`
  })
  return [`${name} -- [options]`, summary, '', ...lines].join('\n')
}

/**
 * @param environment where npm leaves the options that were meant for us and came before `--`.
 * @returns `undefined` when help is asked for.
 * @throws {StartError} with exit code 2.
 */
export function localOptionsOf(
  command: Command,
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): LocalOptions | undefined {
  const values = valuesOf(command, words)
  const swallowed = command.options.find(
    (name) =>
      values[name] === undefined && environment[`npm_config_${name.replaceAll('-', '_')}`] && isOurs(name),
  )
  if (swallowed)
    throw mistake(command, `npm took --${swallowed} for its own: write ${command.name} -- --${swallowed}.`)
  if (values['help']) return undefined
  const port = portOf(command, 'port', values) ?? defaultPort
  const folder = values['folder'] ?? '.local'
  if (folder === '') throw mistake(command, '--folder must not be empty.')
  return {
    port,
    emulatorPorts: portOf(command, 'emulator-ports', values) ?? (port === 0 ? 0 : emulatorPortsBeside(port)),
    folder: String(folder),
    reset: values['reset'] === true,
    json: values['json'] === true,
  }
}

/** npm has options of these names itself. */
const isOurs = (name: OptionName): boolean => name !== 'json' && name !== 'help'

function valuesOf(
  command: Command,
  words: readonly string[],
): Readonly<Record<string, string | boolean | undefined>> {
  const options: ParseArgsOptionsConfig = Object.fromEntries(
    command.options.map((name) => [name, { type: 'value' in texts[name] ? 'string' : 'boolean' }]),
  )
  try {
    return parseArgs({ options, args: [...words] }).values as Record<string, string | boolean>
  } catch (error) {
    // Node.js goes on with advice of its own, over several lines.
    const [what = ''] = (error as Error).message.split(/\. |\n/)
    throw mistake(command, `${what}.`.replace(/\.\.$/, '.'))
  }
}

function portOf(
  command: Command,
  name: 'port' | 'emulator-ports',
  values: Readonly<Record<string, string | boolean | undefined>>,
): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  const last = name === 'port' ? 65_535 : 65_535 - portsEach + 1
  if (!/^\d{1,5}$/.test(String(text)) || Number(text) > last) {
    throw mistake(command, `--${name} must be a number from 0 to ${last}, not "${String(text)}".`)
  }
  return Number(text)
}

const mistake = ({ name }: Command, text: string): StartError =>
  new StartError(`${text} ${name} -- --help lists the options.`, { exitCode: 2 })
