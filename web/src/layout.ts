// Where the nodes of a tree lie: a column for each depth, a row for each leaf, by the tidy tree of d3-hierarchy.

import { hierarchy, tree as tidy } from "d3-hierarchy";

export interface Layout {
  /** The row of each node; NaN for a node that is folded away. */
  row: Float64Array;
  depth: Int32Array;
  /** The nodes of each depth that are shown, by row. */
  levels: number[][];
  children: number[][];
  top: number;
  bottom: number;
}

export function layOut(children: number[][], folded: ReadonlySet<number>): Layout {
  const count = children.length;
  const row = new Float64Array(count).fill(NaN);
  const depth = new Int32Array(count);
  const shown = children.map((all, node) => (folded.has(node) ? [] : all));
  const root = hierarchy(0, (node) => shown[node]);
  const placed = tidy<number>()
    .nodeSize([1, 1])
    .separation((left, right) => (left.parent === right.parent ? 1 : 1.4))(root);
  const levels: number[][] = [];
  let [top, bottom] = [0, 0];
  placed.each((point) => {
    row[point.data] = point.x;
    depth[point.data] = point.depth;
    (levels[point.depth] ??= []).push(point.data);
    top = Math.min(top, point.x);
    bottom = Math.max(bottom, point.x);
  });
  for (const level of levels) level.sort((one, other) => (row[one] ?? 0) - (row[other] ?? 0));
  return { row, depth, levels, children: shown, top, bottom };
}

/** The first index of a level whose row is at least the bound. */
export function firstFrom(level: number[], row: Float64Array, bound: number): number {
  let [low, high] = [0, level.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((row[level[middle] ?? 0] ?? 0) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
