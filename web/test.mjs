// Properties of the layout on random trees. `make page` runs it.

import assert from "node:assert/strict";
import { build } from "esbuild";

const HERE = new URL(".", import.meta.url).pathname;
const { outputFiles } = await build({
  stdin: { contents: 'export * from "./src/layout"; export * from "./src/children"; export * from "./src/replay";', resolveDir: HERE },
  bundle: true, write: false, format: "esm",
});
const { Children, choiceAt, layOut, momentAt, terms } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);

/** A linear congruential generator, so that every run tests the same trees. */
function generator(seed) {
  let state = seed;
  return (below) => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomTree(count, next) {
  const parent = new Int32Array(count).fill(-1);
  for (let node = 1; node < count; node++) parent[node] = next(3) ? Math.max(0, node - 1 - next(4)) : next(node);
  return parent;
}

const near = (one, other) => Math.abs(one - other) < 1e-6;

for (let seed = 1; seed <= 300; seed++) {
  const next = generator(seed);
  const parent = randomTree(1 + next(120), next);
  const children = new Children(parent);
  const folded = new Set(seed % 3 ? [] : [next(parent.length), next(parent.length)]);
  const { row, depth, levels, top, bottom } = layOut(children, folded);
  const hidden = (node) => parent[node] >= 0 && (folded.has(parent[node]) || hidden(parent[node]));
  parent.forEach((above, node) => {
    assert.deepEqual([...children.of(node)], [...parent.keys()].filter((child) => parent[child] === node), "children in order");
    assert.equal(Number.isNaN(row[node]), hidden(node), "a node without a row is folded away");
    if (above >= 0 && !hidden(node)) assert.equal(depth[node], depth[above] + 1);
    if (hidden(node) || folded.has(node) || !children.count(node)) return;
    const all = children.of(node);
    assert.ok(near(row[node], (row[all[0]] + row[all[all.length - 1]]) / 2), `node ${node} is in the middle of its children`);
  });
  for (const level of levels) {
    level.forEach((node, index) => {
      assert.ok(row[node] >= top && row[node] <= bottom);
      if (index === 0) return;
      const least = parent[node] === parent[level[index - 1]] ? 1 : 1.4;
      assert.ok(row[node] - row[level[index - 1]] > least - 1e-6, `seed ${seed}: nodes of one depth do not overlap`);
    });
  }
  assert.equal(levels.reduce((sum, level) => sum + level.length, 0), [...parent.keys()].filter((node) => !hidden(node)).length);
}

const chain = new Children(Int32Array.from([-1, 0, 1, 2]));
assert.deepEqual([...layOut(chain, new Set()).row], [0, 0, 0, 0], "a chain is a line");
const fan = layOut(new Children(Int32Array.from([-1, 0, 0, 0])), new Set());
assert.deepEqual([...fan.row], [1, 0, 1, 2], "leaves are a row apart");

// A root with two children, of which the second came later: N counts nodes that were there, V is the mean of their rewards.
const nodes = {
  parent: Int32Array.from([-1, 0, 0]), simulation: Int32Array.from([0, 1, 2]), grafted: new Int32Array(3), reward: Float32Array.from([0.5, 1, 0]),
};
assert.deepEqual([...momentAt(nodes, 1).visits], [2, 1, 0]);
assert.deepEqual([...momentAt(nodes, 2).value], [0.5, 1, 0]);

// Leaves are chosen in twos. Simulation 1 expands the root, 2 and 3 choose nodes 1 and 2 together, and node 3 is an end.
const waves = {
  parent: Int32Array.from([-1, 0, 0, 1, 2]), simulation: Int32Array.from([0, 1, 1, 2, 3]), grafted: new Int32Array(5),
  reward: Float32Array.from([0.5, 1, 0, 1, 0]), prior: Float32Array.from([1, 0.5, 0.5, 1, 1]),
  terminal: { at: (node) => (node === 3 ? "answer" : "none") },
};
const puct = { kind: "puct", c: 1, leaves: 2 };
const scores = (simulation) => terms(waves, Int32Array.from([1, 2]), 0, choiceAt(waves, simulation, 2), puct).map(({ score }) => score);
assert.deepEqual(scores(2), [1 + (0.5 * Math.sqrt(3)) / 2, (0.5 * Math.sqrt(3)) / 2], "before the wave, N of the root is 3");
assert.deepEqual([...choiceAt(waves, 3, 2).visits].slice(0, 3), [4, 2, 1], "the leaf that was chosen before is a visit");
assert.equal(choiceAt(waves, 3, 2).value[1], 0.5, "... without reward");
assert.deepEqual(scores(3), [null, (0.5 * Math.sqrt(4)) / 2], "... and is closed");
assert.equal(choiceAt(waves, 4, 2).known, 3, "only node 4 is open, so the next wave has one simulation");
assert.deepEqual(scores(4), [null, (0.5 * Math.sqrt(5)) / 3], "below node 1 nothing can be expanded");
console.log("layout and replay: as they should be");
