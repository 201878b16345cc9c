import type { ControlPlaneCost, Figures } from '../figures.ts'

/** How what a control plane does grows with its nodes and its functions, by straight lines through what was measured. */
export interface ControlPlaneModel {
  readonly deploymentCpuMs: (load: { readonly nodes: number; readonly functions: number }) => number
  readonly listCpuMs: (nodes: number) => number
  readonly listBytes: (nodes: number) => number
  readonly registrationCpuMs: number
}

/** Every node asks for the list of all nodes, and registers, so often (`create-forwarder.ts`, `registration.ts`). */
export const listIntervalSeconds = 2
export const registrationIntervalSeconds = 5

export function modelControlPlane({ controlPlanes }: Pick<Figures, 'controlPlanes'>): ControlPlaneModel {
  const empty = controlPlanes.filter(({ functions }) => functions === 0).toSorted((first, second) => first.nodes - second.nodes)
  const full = controlPlanes.reduce((most, each) => (each.functions > most.functions ? each : most))
  const [few, many] = [empty.at(0), empty.at(-1)]
  if (few === undefined || many === undefined || few === many || full.functions === 0) throw new Error('Two numbers of nodes and one of functions have to be measured.')
  const slope = (read: (cost: ControlPlaneCost) => number, by: 'nodes' | 'listed'): number => (read(many) - read(few)) / (many[by] - few[by])
  const perNode = slope(({ deploymentCpuMs }) => deploymentCpuMs, 'nodes')
  const fixed = few.deploymentCpuMs - perNode * few.nodes
  const perFunction = (full.deploymentCpuMs - fixed - perNode * full.nodes) / full.functions
  const listPerNode = slope(({ listCpuMs }) => listCpuMs, 'listed')
  return {
    deploymentCpuMs: ({ nodes, functions }) => fixed + perNode * nodes + perFunction * functions,
    listCpuMs: (nodes) => few.listCpuMs + listPerNode * (nodes - few.listed),
    listBytes: (nodes) => nodes * many.listBytesPerNode,
    registrationCpuMs: many.registrationCpuMs,
  }
}

export interface ControlPlaneLoad {
  /** Of one core, for what nodes ask though nothing changes. */
  readonly restingCores: number
  /** Bytes a second of lists. */
  readonly listBytesPerSecond: number
  /** Deployments a second that the rest of one core carries; 0 where there is none. */
  readonly deploymentsPerSecond: number
}

export function loadOfNodes(model: ControlPlaneModel, load: { readonly nodes: number; readonly functions: number }): ControlPlaneLoad {
  const { nodes } = load
  const restingCores = (nodes / listIntervalSeconds) * (model.listCpuMs(nodes) / 1_000) + (nodes / registrationIntervalSeconds) * (model.registrationCpuMs / 1_000)
  return {
    restingCores, listBytesPerSecond: (nodes / listIntervalSeconds) * model.listBytes(nodes),
    deploymentsPerSecond: Math.max(0, (1 - restingCores) / (model.deploymentCpuMs(load) / 1_000)),
  }
}

/** Nodes whose registrations and lists take a whole core. */
export function nodesOfOneCore(model: ControlPlaneModel): number {
  let nodes = 1
  while (loadOfNodes(model, { nodes, functions: 0 }).restingCores < 1) nodes++
  return nodes
}
