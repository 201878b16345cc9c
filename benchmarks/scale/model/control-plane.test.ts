import { expect, it } from 'vitest'
import { loadOfNodes, modelControlPlane, nodesOfOneCore } from './control-plane.ts'

const cost = { deployments: 1, storeBytes: 0, revisionBytes: 0, snapshotCpuMs: 0, snapshotBytes: 0, memoryBytes: 0, registrationCpuMs: 0.5, listBytesPerNode: 300 }
/** 10 ms and 1 ms a node and 10 µs a function; a list takes 0.2 ms and 2 µs a node. */
const model = modelControlPlane({
  controlPlanes: [
    { ...cost, functions: 0, nodes: 10, listed: 10, deploymentCpuMs: 20, listCpuMs: 0.22 },
    { ...cost, functions: 100_000, nodes: 2, listed: 2, deploymentCpuMs: 1_012, listCpuMs: 0.204 },
    { ...cost, functions: 0, nodes: 100, listed: 500, deploymentCpuMs: 110, listCpuMs: 1.2 },
  ],
})

it('finds what a node and a function add', () => {
  expect(model.deploymentCpuMs({ nodes: 0, functions: 0 })).toBeCloseTo(10, 9)
  expect(model.deploymentCpuMs({ nodes: 1_000, functions: 50_000 })).toBeCloseTo(1_510, 9)
  expect(model.listCpuMs(0)).toBeCloseTo(0.2, 9)
})

it('adds up what nodes ask for while nothing changes', () => {
  const { restingCores, listBytesPerSecond, deploymentsPerSecond } = loadOfNodes(model, { nodes: 100, functions: 0 })
  // Lists: 50 a second of 0.4 ms; registrations: 20 a second of 0.5 ms.
  expect(restingCores).toBeCloseTo(0.03, 9)
  expect(listBytesPerSecond).toBe(50 * 100 * 300)
  expect(deploymentsPerSecond).toBeCloseTo(0.97 / 0.11, 9)
})

it('carries no deployment where nodes take the whole core', () => {
  const nodes = nodesOfOneCore(model)
  expect(loadOfNodes(model, { nodes: nodes - 1, functions: 0 }).deploymentsPerSecond).toBeGreaterThan(0)
  expect(loadOfNodes(model, { nodes, functions: 0 }).deploymentsPerSecond).toBe(0)
})
