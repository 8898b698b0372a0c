// The children of every node of a tree in one array, those of a node next to each other and in order.

const NONE = new Int32Array(0);

export class Children {
  /** Where the children of each node begin in `all`; one more at the end. */
  readonly start: Int32Array;
  readonly all: Int32Array;

  constructor(parent: Int32Array) {
    const count = parent.length;
    this.start = new Int32Array(count + 1);
    this.all = new Int32Array(Math.max(0, count - 1));
    for (const above of parent) if (above >= 0) this.start[above + 1]! += 1;
    for (let node = 0; node < count; node++) this.start[node + 1]! += this.start[node]!;
    const free = this.start.slice();
    for (let node = 0; node < count; node++) {
      const above = parent[node]!;
      if (above >= 0) this.all[free[above]!++] = node;
    }
  }

  get nodes(): number {
    return this.start.length - 1;
  }

  of(node: number): Int32Array {
    return node < this.nodes ? this.all.subarray(this.start[node], this.start[node + 1]) : NONE;
  }

  count(node: number): number {
    return node < this.nodes ? this.start[node + 1]! - this.start[node]! : 0;
  }
}
