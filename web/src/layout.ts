// Where the nodes of a tree lie: a column for each depth, and rows by Reingold and Tilford (1981), in the form with threads
// of Buchheim, Jünger and Leipert (2002): subtrees are as close as their outlines allow. Time and memory are linear, and
// everything is in typed arrays: parents precede their children, so no walk needs a stack.

import type { Children } from "./children";

const COUSINS = 1.4; // rows between nodes of different parents; siblings have 1

export interface Layout {
  /** The row of each node; NaN for a node that is folded away. */
  row: Float64Array;
  depth: Int32Array;
  /** The nodes of each depth that are shown, by row. */
  levels: Int32Array[];
  children: Children;
  /** How many of its children are shown, of each node: all or none. */
  shown: Int32Array;
  top: number;
  bottom: number;
}

export function layOut(children: Children, folded: ReadonlySet<number>): Layout {
  const count = children.nodes;
  const shown = new Int32Array(count);
  for (let node = 0; node < count; node++) shown[node] = folded.has(node) ? 0 : children.count(node);
  const depth = new Int32Array(count);
  const levels = byDepth(children, shown, depth);
  const outlines = new Outlines(children, shown);
  for (let level = levels.length - 1; level >= 0; level--) {
    for (const node of levels[level]!) outlines.placeChildren(node);
  }
  const row = new Float64Array(count).fill(NaN);
  const moved = new Float64Array(count); // by how much the children of a node are moved, with it and its ancestors
  let [top, bottom] = [0, 0];
  row[0] = outlines.middle(0);
  for (const level of levels) {
    for (const node of level) {
      top = Math.min(top, row[node]!);
      bottom = Math.max(bottom, row[node]!);
      moved[node]! += outlines.move[node]!;
      for (let at = children.start[node]!, end = at + shown[node]!; at < end; at++) {
        const child = children.all[at]!;
        row[child] = outlines.place[child]! + moved[node]!;
        moved[child] = moved[node]!;
      }
    }
  }
  return { row, depth, levels, children, shown, top, bottom };
}

/** The shown nodes of each depth, in order; sets their depths. */
function byDepth(children: Children, shown: Int32Array, depth: Int32Array): Int32Array[] {
  const order = new Int32Array(children.nodes);
  const levels: Int32Array[] = [];
  for (let [from, to] = [0, 1]; from < to; ) {
    let end = to;
    for (let index = from; index < to; index++) {
      const node = order[index]!;
      depth[node] = levels.length;
      for (let at = children.start[node]!, last = at + shown[node]!; at < last; at++) order[end++] = children.all[at]!;
    }
    levels.push(order.subarray(from, to));
    [from, to] = [to, end];
  }
  return levels;
}

/**
 * Subtrees that are placed from the deepest to the root. place: of a node, among its siblings. move: of the children of a
 * node, after they were placed; of a leaf with a thread, of the rest of the outline. thread: of a leaf at the end of an
 * outline, the node that continues the outline one level deeper.
 */
class Outlines {
  readonly place: Float64Array;
  readonly move: Float64Array;
  private readonly thread: Int32Array;

  constructor(private readonly children: Children, private readonly shown: Int32Array) {
    this.place = new Float64Array(shown.length);
    this.move = new Float64Array(shown.length);
    this.thread = new Int32Array(shown.length).fill(-1);
  }

  /** Places the subtrees of the children of a node next to each other. */
  placeChildren(node: number): void {
    const first = this.children.start[node]!;
    for (let at = first; at < first + this.shown[node]!; at++) {
      const child = this.children.all[at]!;
      this.place[child] = this.middle(child);
      if (at === first) continue;
      const before = this.children.all[at - 1]!;
      this.shift(child, this.place[before]! + 1 - this.place[child]!);
      this.separate(child, before, this.children.all[first]!);
    }
  }

  /** The middle of the children of a node, as they were placed. */
  middle(node: number): number {
    const count = this.shown[node]!;
    if (!count) return 0;
    const first = this.children.start[node]!;
    return (this.place[this.children.all[first]!]! + this.place[this.children.all[first + count - 1]!]!) / 2;
  }

  private shift(node: number, by: number): void {
    this.place[node]! += by;
    this.move[node]! += by;
  }

  /** Moves a subtree down until it is clear of its elder siblings, and joins the outlines of both. */
  private separate(child: number, before: number, eldest: number): void {
    const { place, move } = this;
    let aboveInner = before, aboveOuter = eldest, inner = child, outer = child;
    let aboveInnerMoved = move[before]!, aboveOuterMoved = move[eldest]!, innerMoved = move[child]!, outerMoved = innerMoved;
    let nextAbove = this.lower(aboveInner), next = this.upper(inner);
    while (nextAbove >= 0 && next >= 0) {
      aboveInner = nextAbove;
      inner = next;
      aboveOuter = this.upper(aboveOuter);
      outer = this.lower(outer);
      const overlap = place[aboveInner]! + aboveInnerMoved + COUSINS - place[inner]! - innerMoved;
      if (overlap > 0) {
        this.shift(child, overlap);
        innerMoved += overlap;
        outerMoved += overlap;
      }
      aboveInnerMoved += move[aboveInner]!;
      aboveOuterMoved += move[aboveOuter]!;
      innerMoved += move[inner]!;
      outerMoved += move[outer]!;
      nextAbove = this.lower(aboveInner);
      next = this.upper(inner);
    }
    if (nextAbove >= 0 && this.lower(outer) < 0) {
      this.thread[outer] = nextAbove;
      move[outer]! += aboveInnerMoved - outerMoved;
    }
    if (next >= 0 && this.upper(aboveOuter) < 0) {
      this.thread[aboveOuter] = next;
      move[aboveOuter]! += innerMoved - aboveOuterMoved;
    }
  }

  /** The next node of the upper outline: the first child, or where the thread leads; -1 at its end. */
  private upper(node: number): number {
    return this.shown[node] ? this.children.all[this.children.start[node]!]! : this.thread[node]!;
  }

  private lower(node: number): number {
    return this.shown[node] ? this.children.all[this.children.start[node]! + this.shown[node]! - 1]! : this.thread[node]!;
  }
}

/** The first index of a level whose row is at least the bound. */
export function firstFrom(level: Int32Array, row: Float64Array, bound: number): number {
  let [low, high] = [0, level.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (row[level[middle]!]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
