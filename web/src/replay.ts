// The search simulation by simulation: visits and values as they were, and the terms by which children were chosen.

import type { Nodes, Selection } from "./types";

export interface Moment {
  visits: Float64Array;
  value: Float64Array;
}

export function simulations(nodes: Nodes): number {
  let last = 0;
  for (const simulation of nodes.simulation) last = Math.max(last, simulation);
  return last;
}

/**
 * Visits and values after a simulation: N counts the nodes of the subtree that were there and V is the mean of their
 * rewards. Nodes that were grafted because of their outcome have no weight.
 */
export function momentAt(nodes: Nodes, simulation: number): Moment {
  const count = nodes.parent.length;
  const visits = new Float64Array(count);
  const value = new Float64Array(count);
  for (let node = count - 1; node >= 0; node--) {
    if (nodes.simulation[node]! <= simulation && !nodes.grafted[node]) {
      visits[node]! += 1;
      value[node]! += nodes.reward[node]! || 0;
    }
    const parent = nodes.parent[node]!;
    if (parent >= 0) {
      visits[parent]! += visits[node]!;
      value[parent]! += value[node]!;
    }
  }
  for (let node = 0; node < count; node++) value[node] = visits[node] ? value[node]! / visits[node]! : 0;
  return { visits, value };
}

/** Visits and values as they were stored: those after the last simulation. */
export function stored(nodes: Nodes): Moment {
  return { visits: Float64Array.from(nodes.visits), value: Float64Array.from(nodes.value, (value) => value || 0) };
}

/** Whether the stored visits and values are means over subtrees, so that earlier ones can be computed. */
export function canReplay(nodes: Nodes): boolean {
  const last = momentAt(nodes, Infinity);
  for (let node = 0; node < nodes.parent.length; node++) {
    if (nodes.grafted[node]) continue;
    if (last.visits[node] !== nodes.visits[node]) return false;
    if (Math.abs((last.value[node] ?? 0) - (nodes.value[node] || 0)) > 1e-3) return false;
  }
  return true;
}

/** What the search knew when a simulation chose its leaf. */
export interface Choice extends Moment {
  /** The last simulation whose nodes it knew. */
  known: number;
  /** 1 for a node below which nothing could be chosen. */
  closed: Uint8Array;
}

/**
 * The state before a simulation, as astro/search/selection.py has it. The simulations of a wave choose one after the
 * other before any of them is expanded: the leaves chosen before count as visits without reward, and are closed.
 */
export function choiceAt(nodes: Nodes, simulation: number, leaves: number): Choice {
  const known = waveOf(nodes, simulation, leaves) - 1;
  const { visits, value } = momentAt(nodes, known);
  const chosen = new Set<number>();
  for (let earlier = known + 1; earlier < simulation; earlier++) {
    const leaf = leafOf(nodes, earlier);
    if (leaf !== null) chosen.add(leaf);
    for (let at = leaf ?? -1; at >= 0; at = nodes.parent[at] ?? -1) {
      value[at] = (value[at]! * visits[at]!) / (visits[at]! + 1);
      visits[at]! += 1;
    }
  }
  return { visits, value, known, closed: closedNodes(nodes, known, chosen) };
}

/** The first simulation of the wave of a simulation. A wave has the given number of leaves, or all that are open. */
function waveOf(nodes: Nodes, simulation: number, leaves: number): number {
  if (leaves < 2) return simulation;
  const added = new Map<number, number[]>(); // of each simulation
  nodes.simulation.forEach((at, node) => {
    if (nodes.grafted[node]) return;
    const before = added.get(at);
    if (before) before.push(node);
    else added.set(at, [node]);
  });
  let open = 1; // leaves that can be expanded: the root at first
  for (let first = 1; ; ) {
    const size = Math.max(1, Math.min(leaves, open));
    if (simulation < first + size) return first;
    for (let at = first; at < first + size; at++) {
      const children = added.get(at) ?? [];
      if (children.length) open -= 1; // the leaf; one without children ended, and was not counted as open
      for (const node of children) if (nodes.terminal.at(node) === "none") open += 1;
    }
    first += size;
  }
}

/** The node that a simulation expanded; null if it added none. */
function leafOf(nodes: Nodes, simulation: number): number | null {
  const node = nodes.simulation.findIndex((at, each) => at === simulation && !nodes.grafted[each]);
  return node > 0 ? nodes.parent[node]! : null;
}

function closedNodes(nodes: Nodes, known: number, chosen: ReadonlySet<number>): Uint8Array {
  const count = nodes.parent.length;
  const closed = new Uint8Array(count);
  const [inner, open] = [new Uint8Array(count), new Uint8Array(count)]; // has children, and one that is not closed
  for (let node = count - 1; node >= 0; node--) {
    if (nodes.simulation[node]! > known || nodes.grafted[node]) continue;
    const ends = inner[node] ? !open[node] : nodes.terminal.at(node) !== "none" || chosen.has(node);
    closed[node] = ends ? 1 : 0;
    const parent = nodes.parent[node]!;
    if (parent < 0) continue;
    inner[parent] = 1;
    if (!ends) open[parent] = 1;
  }
  return closed;
}

export interface Term {
  child: number;
  visits: number;
  value: number;
  exploration: number;
  /** null where nothing could be chosen. */
  score: number | null;
}

/** The terms of a node's children in a choice: PUCT as in astro/search/strategies/puct.py, UCT as in uct.py. */
export function terms(nodes: Nodes, children: Int32Array, node: number, choice: Choice, by: Selection): Term[] {
  const parentVisits = choice.visits[node] ?? 0;
  return Array.from(children)
    .filter((child) => (nodes.simulation[child] ?? 0) <= choice.known && !nodes.grafted[child])
    .map((child) => {
      const visits = choice.visits[child] ?? 0;
      const value = choice.value[child] ?? 0;
      const exploration =
        by.kind === "puct"
          ? (by.c * (nodes.prior[child] || 0) * Math.sqrt(parentVisits)) / (1 + visits)
          : visits
            ? by.c * Math.sqrt(Math.log(parentVisits) / visits)
            : Infinity;
      return { child, visits, value, exploration, score: choice.closed[child] ? null : value + exploration };
    });
}

/** The nodes on the ways to the leaves that a simulation expanded. grafted: whether added paths count as expanded. */
export function expandedPath(nodes: Nodes, simulation: number, grafted = true): Set<number> {
  const path = new Set<number>();
  if (simulation === 0) return path;
  nodes.simulation.forEach((added, node) => {
    if (added !== simulation || (!grafted && nodes.grafted[node])) return;
    let at = nodes.parent[node] ?? -1;
    while (at >= 0 && !path.has(at)) {
      path.add(at);
      at = nodes.parent[at] ?? -1;
    }
  });
  return path;
}

export function pathTo(nodes: Nodes, node: number): number[] {
  const path: number[] = [];
  for (let at = node; at >= 0; at = nodes.parent[at] ?? -1) path.push(at);
  return path.reverse();
}

/** Wilson's 95 % interval of a share. */
export function wilson(correct: number, graded: number): [number, number] {
  if (!graded) return [0, 1];
  const z = 1.959963984540054;
  const share = correct / graded;
  const middle = (share + (z * z) / (2 * graded)) / (1 + (z * z) / graded);
  const half = (z / (1 + (z * z) / graded)) * Math.sqrt((share * (1 - share)) / graded + (z * z) / (4 * graded * graded));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
