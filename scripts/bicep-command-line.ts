import { execFile } from 'node:child_process'
import { access, chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Pinned: the compiled template carries the compiler's version, so another one would make it stale. */
export const BICEP_VERSION = '0.49.2'

/**
 * The Bicep CLI as the words to run it with: from `folder` when an earlier run put it there, else the one on PATH or in
 * the Azure CLI when it has the pinned version, else the NuGet package, restored by `dotnet` from the sources it is
 * configured with.
 *
 * @throws {Error} that says what is needed, when there is none of them.
 */
export async function bicepCommandLine(folder: string): Promise<readonly string[]> {
  const program = join(folder, BICEP_VERSION, process.platform === 'win32' ? 'bicep.exe' : 'bicep')
  if (await exists(program)) return [program]
  if (await saysVersion('bicep', ['--version'])) return ['bicep']
  // On Windows az is a batch file, which Node does not run without a shell.
  if (process.platform !== 'win32' && (await saysVersion('az', ['bicep', 'version']))) {
    return ['az', 'bicep']
  }
  const failure = await restore(folder, program)
  if (failure === undefined) return [program]
  throw new Error(
    `The Bicep CLI ${BICEP_VERSION} is needed: put it on PATH, or install the .NET SDK, with which this script restores it.\n${failure}`,
  )
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

async function saysVersion(program: string, args: readonly string[]): Promise<boolean> {
  const said = await run(program, args).catch(() => ({ stdout: '' }))
  return said.stdout.includes(` ${BICEP_VERSION} `)
}

/** @returns why it failed, or undefined. */
async function restore(folder: string, program: string): Promise<string | undefined> {
  const packageName = `Azure.Bicep.CommandLine.${runtimeIdentifier()}`
  const workFolder = join(folder, `restore-${process.pid}`)
  await mkdir(workFolder, { recursive: true })
  try {
    const project = join(workFolder, 'restore.csproj')
    await writeFile(project, projectOf(packageName))
    await run('dotnet', ['restore', project, '--packages', workFolder, '--verbosity', 'quiet'])
    const tools = join(workFolder, packageName.toLowerCase(), BICEP_VERSION, 'tools')
    if (process.platform !== 'win32') await chmod(join(tools, 'bicep'), 0o755)
    await rename(tools, join(program, '..')).catch(async (error: unknown) => {
      // Another run was faster.
      if (!(await exists(program))) throw error
    })
    return undefined
  } catch (error) {
    const { code, stdout, message } = error as { code?: string; stdout?: string; message: string }
    return code === 'ENOENT' ? 'There is no dotnet on PATH.' : stdout || message
  } finally {
    await rm(workFolder, { recursive: true })
  }
}

/** Downloads the one package and nothing of the framework. */
function projectOf(packageName: string): string {
  return `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>netstandard2.0</TargetFramework>
    <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
  </PropertyGroup>
  <ItemGroup>
    <PackageDownload Include="${packageName}" Version="[${BICEP_VERSION}]" />
  </ItemGroup>
</Project>
`
}

function runtimeIdentifier(): string {
  const systems: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'osx', win32: 'win' }
  return `${systems[process.platform] ?? process.platform}-${process.arch}`
}
