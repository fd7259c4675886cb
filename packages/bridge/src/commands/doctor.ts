import { homedir } from 'node:os'
import type { Command } from 'commander'
import { inspectClients } from '../clients/inspect-clients.ts'
import { examine } from '../doctor/examine.ts'
import { exitCodeFor, reportLines, summarize } from '../doctor/report.ts'
import { createScene } from '../doctor/scene.ts'
import { inWords } from '../how-to-type.ts'
import { parseWorkspaceUrl } from '../workspace-url.ts'
import { CommandEnd } from './command-end.ts'
import type { CommandContext } from './context.ts'
import { exitCodes } from './exit-code.ts'

declare const __BRIDGE_VERSION__: string

interface DoctorOptions {
  readonly workspace?: string
  readonly client?: string
}

export function addDoctor(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('look for whatever keeps the bridge from working, and say how to mend it')
    .option('--workspace <url>', 'workspace to look at instead of the default one')
    .option('--client <id>', 'look at the configuration of this client alone')
    .option('--json', 'print the findings as JSON')
    .action((options: DoctorOptions) => doctor(options, context))
}

/** Looks at everything between this machine and the servers of the workspace. */
async function doctor(
  { workspace: workspaceFlag, client }: DoctorOptions,
  { settings, streams, console }: CommandContext,
): Promise<void> {
  if (workspaceFlag !== undefined) parseWorkspaceUrl(workspaceFlag)
  const scene = createScene({
    settings,
    env: streams.env,
    home: homedir(),
    bridgeVersion: __BRIDGE_VERSION__,
    client,
    inspectClients,
    now: Date.now,
    workspaceFlag,
  })
  try {
    const findings = await examine(scene, (check, work) => console.during(`Checking ${check}`, work))
    const workspace = await scene.workspace().catch(() => undefined)
    const summary = summarize(findings)
    console.result(
      { workspace: workspace?.href, summary, findings },
      reportLines(findings).map((line) => inWords(line, settings.command)),
    )
    const exitCode = exitCodeFor(findings)
    if (exitCode !== exitCodes.done) throw new CommandEnd(exitCode)
  } finally {
    await scene.close()
  }
}
