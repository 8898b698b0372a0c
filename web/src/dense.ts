// Draws a tree whose nodes are smaller than a shape as pixels. On each pixel row of a column stands the most visited of the
// nodes that lie there. A frame costs a pass over typed arrays and one image, however many nodes there are.

import { INK } from "./colours";
import { firstFrom } from "./layout";
import { type Scene, type Size, type View, nodeColour, radiusOf } from "./scene";

const HALF = 2; // pixels to each side of the middle of a node

export function drawDense(context: CanvasRenderingContext2D, scene: Scene, view: View, size: Size, rows: [number, number]): void {
  const scale = context.getTransform().a;
  const raster = rasterOf(context, Math.round(size.width * scale), Math.round(size.height * scale));
  const ink = INK[scene.scheme];
  raster.pixels.fill(colourOf(ink.back));
  const pixelView = { column: view.column * scale, row: view.row * scale, left: view.left * scale, top: view.top * scale };
  drawEdges(raster, scene, pixelView, rows);
  markEdges(raster, scene, pixelView, scene.path, colourOf(ink.accent));
  markEdges(raster, scene, pixelView, scene.trail, colourOf(ink.trail));
  drawNodes(raster, scene, pixelView, rows, Math.max(1, Math.round(radiusOf(view) * scale)));
  context.putImageData(raster.image, 0, 0);
}

/** An image of the size of a canvas, as one number a pixel. */
class Raster {
  readonly pixels: Uint32Array;

  constructor(readonly image: ImageData) {
    this.pixels = new Uint32Array(image.data.buffer);
  }

  fill(left: number, right: number, top: number, bottom: number, colour: number): void {
    const { width, height } = this.image;
    const from = Math.max(0, Math.round(left));
    const to = Math.min(width, Math.round(right));
    if (to <= from) return;
    for (let y = Math.max(0, top), end = Math.min(height, bottom); y < end; y++) this.pixels.fill(colour, y * width + from, y * width + to);
  }
}

let kept: Raster | null = null;

/** The raster of the last frame if it has this size: a new image for every frame would keep the collector busy. */
function rasterOf(context: CanvasRenderingContext2D, width: number, height: number): Raster {
  if (!kept || kept.image.width !== width || kept.image.height !== height) kept = new Raster(context.createImageData(width, height));
  return kept;
}

function drawEdges(raster: Raster, scene: Scene, view: View, [low, high]: [number, number]): void {
  const { children, levels, row, shown } = scene.layout;
  const { simulation } = scene.nodes;
  const edge = colourOf(INK[scene.scheme].edge);
  for (let depth = 0; depth + 1 < levels.length; depth++) {
    const left = view.left + depth * view.column;
    const middle = Math.round(left + view.column / 2);
    if (left > raster.image.width || left + view.column < 0) continue;
    let covered = -1; // the pixel row of the last line to a child
    for (const parent of levels[depth]!) {
      const first = children.start[parent]!;
      const last = first + shown[parent]! - 1;
      if (last < first || row[children.all[last]!]! < low) continue;
      if (row[children.all[first]!]! > high) break;
      const y = Math.round(view.top + row[parent]! * view.row);
      let [top, bottom] = [y, y];
      for (let at = first; at <= last; at++) {
        const child = children.all[at]!;
        if (simulation[child]! > scene.simulation) continue;
        const to = Math.round(view.top + row[child]! * view.row);
        top = Math.min(top, to);
        bottom = Math.max(bottom, to);
        if (to !== covered) raster.fill(middle, left + view.column, to, to + 1, edge);
        covered = to;
      }
      if (bottom === top && simulation[children.all[first]!]! > scene.simulation) continue;
      raster.fill(left, middle, y, y + 1, edge);
      raster.fill(middle, middle + 1, top, bottom + 1, edge);
    }
  }
}

/** Draws the edges that lead to some nodes over the others. */
function markEdges(raster: Raster, scene: Scene, view: View, nodes: ReadonlySet<number>, colour: number): void {
  const { depth, row } = scene.layout;
  for (const node of nodes) {
    const parent = scene.nodes.parent[node]!;
    if (parent < 0 || Number.isNaN(row[node]!)) continue;
    const left = view.left + depth[parent]! * view.column;
    const middle = Math.round(left + view.column / 2);
    const [from, to] = [Math.round(view.top + row[parent]! * view.row), Math.round(view.top + row[node]! * view.row)];
    raster.fill(left, middle, from, from + 1, colour);
    raster.fill(middle, middle + 1, Math.min(from, to), Math.max(from, to) + 1, colour);
    raster.fill(middle, left + view.column, to, to + 1, colour);
  }
}

function drawNodes(raster: Raster, scene: Scene, view: View, [low, high]: [number, number], height: number): void {
  const { levels, row } = scene.layout;
  const { simulation } = scene.nodes;
  const { visits } = scene.moment;
  for (let depth = 0; depth < levels.length; depth++) {
    const x = Math.round(view.left + depth * view.column);
    if (x < -HALF || x > raster.image.width + HALF) continue;
    const level = levels[depth]!;
    let best = -1;
    let place = -1; // the pixel row of the best node
    const flush = () => {
      if (best >= 0) raster.fill(x - HALF, x + HALF + 1, place - (height >> 1), place + height - (height >> 1), colourOf(nodeColour(scene, best)));
    };
    for (let index = firstFrom(level, row, low); index < level.length; index++) {
      const node = level[index]!;
      if (row[node]! > high) break;
      if (simulation[node]! > scene.simulation) continue;
      const y = Math.round(view.top + row[node]! * view.row);
      if (y !== place) {
        flush();
        best = node;
        place = y;
      } else if (visits[node]! > visits[best]!) best = node;
    }
    flush();
  }
}

const numbers = new Map<string, number>();

/** A colour #rrggbb as a pixel: alpha, blue, green, red, from the highest byte down. */
function colourOf(text: string): number {
  let found = numbers.get(text);
  if (found === undefined) {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)) as [number, number, number];
    found = (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
    numbers.set(text, found);
  }
  return found;
}
