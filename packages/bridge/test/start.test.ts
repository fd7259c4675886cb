import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import {
  barePipe,
  callOf,
  memoryOf,
  openStandIn,
  quantile,
  startAsked,
  startBridgeAsked,
} from './support/measure.ts'
import { findNode20 } from './support/node-20.ts'
import { goodToken } from './support/test-gateway.ts'

// The best of several starts is what the machine's other work disturbs least. The others have room for noise; figures
// that count come from bench/bridge-start.ts on a quiet machine.
const maxAddedStartMs = 120
/** A slow machine is slow at both: there this many starts of a bare pipe are the limit. */
const maxAddedStarts = 2.5
const maxCallMs = 4
const maxRssMb = 110

const node20 = findNode20()
const nodes = [process.execPath, ...(node20 === undefined ? [] : [node20])]

it.each(nodes)('answers initialize little later than a bare pipe would (%s)', async (node) => {
  await using gateway = await openStandIn()
  const bareMs: number[] = []
  const bridgeMs: number[] = []
  for (let round = 0; round < 7; round += 1) {
    await using bare = await startAsked(node, barePipe)
    await using bridge = await startBridgeAsked(node, gateway.url, goodToken)
    bareMs.push(bare.startMs)
    bridgeMs.push(bridge.startMs)
  }
  const fastestBareMs = Math.min(...bareMs)
  const addedMs = Math.min(...bridgeMs) - fastestBareMs
  report(
    node,
    `initialize ${addedMs.toFixed(0)} ms later than a bare pipe, which took ${fastestBareMs.toFixed(0)} ms`,
  )
  expect(addedMs).toBeLessThan(Math.max(maxAddedStartMs, maxAddedStarts * fastestBareMs))
})

// Skipped without /proc, which tells the memory.
it.skipIf(!existsSync('/proc/self/status')).each(nodes)(
  'stays quick and small through many and large replies (%s)',
  async (node) => {
    await using gateway = await openStandIn()
    await using bridge = await startBridgeAsked(node, gateway.url, goodToken)
    const callMs: number[] = []
    for (let count = 0; count < 1_000; count += 1) callMs.push(await bridge.ask(callOf('small')))
    const afterCalls = memoryOf(bridge.pid).rssMb
    for (let count = 0; count < 100; count += 1) await bridge.ask(callOf('large'))
    const afterLarge = memoryOf(bridge.pid).rssMb
    report(
      node,
      `call p50 ${quantile(callMs, 0.5).toFixed(2)} ms; ${afterCalls.toFixed(0)} MB after 1,000 calls, ${afterLarge.toFixed(0)} MB after 100 replies of 1 MB`,
    )
    expect(quantile(callMs, 0.5)).toBeLessThan(maxCallMs)
    expect(afterCalls).toBeLessThan(maxRssMb)
    expect(afterLarge).toBeLessThan(maxRssMb)
  },
)

function report(node: string, figures: string): void {
  process.stdout.write(`${node}: ${figures}\n`)
}
