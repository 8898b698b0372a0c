// Draws a tree on a canvas. Only what lies in the window is drawn: shapes, curves and labels where there is room for them,
// else pixels (dense.ts), so that the time of a frame depends on the window and not on the tree.

import { INK, verdictColour } from "./colours";
import { drawDense } from "./dense";
import { type Layout, firstFrom } from "./layout";
import { type Scene, type Size, type View, nodeColour, radiusOf } from "./scene";
import type { Nodes } from "./types";

const NOTHING = new Int32Array(0);
export const READING = { column: 250, row: 26 };
const MARGIN = { left: 28, top: 24 };
const LABELS_FROM = 13; // pixels a row
const LABELS_WIDER = 90; // pixels a column
const LABELLED = 200; // characters of a text, at most
const SHORTEST = 4; // characters of a label, at least
const NARROW = 112; // pixels of a label in which only the step is written: colour and width say the rest
const CURVES_UP_TO = 700; // visible nodes
const TINY = 2.4; // pixels of a radius below which a node has no shape
const FONT = '12px system-ui, -apple-system, "Segoe UI", sans-serif';

export function fit(layout: Layout, size: Size): View {
  const columns = Math.max(1, layout.levels.length - 0.3);
  const rows = Math.max(1, layout.bottom - layout.top + 1);
  const row = Math.min(READING.row, (size.height - 2 * MARGIN.top) / rows);
  const column = Math.max(34, Math.min(READING.column, (size.width - MARGIN.left - 20) / columns));
  const used = rows * row;
  return { column, row, left: MARGIN.left, top: (size.height - used) / 2 - (layout.top - 0.5) * row };
}

/** The view after zooming by a factor around a point. Columns widen with the rows until both are wide enough to read. */
export function zoomed(view: View, factor: number, at: { x: number; y: number }, layout: Layout, size: Size): View {
  const whole = fit(layout, size);
  const row = Math.max(Math.min(whole.row, READING.row) * 0.6, Math.min(60, view.row * factor));
  const span = Math.log(READING.row / Math.min(whole.row, READING.row * 0.999));
  const share = Math.max(0, Math.min(1, Math.log(row / whole.row) / span));
  const widest = Math.max(READING.column, whole.column);
  const column = row > READING.row ? widest * Math.min(2, row / READING.row) : whole.column + (widest - whole.column) * share;
  return {
    column,
    row,
    left: at.x - ((at.x - view.left) / view.column) * column,
    top: at.y - ((at.y - view.top) / view.row) * row,
  };
}

/** The view moved, if necessary, so that a node can be seen. */
export function reveal(view: View, layout: Layout, node: number, size: Size): View {
  const row = layout.row[node];
  if (row === undefined || Number.isNaN(row)) return view;
  const [x, y] = [view.left + (layout.depth[node] ?? 0) * view.column, view.top + row * view.row];
  const moved = { ...view };
  if (x < 20 || x > size.width - Math.min(160, size.width / 2)) moved.left += size.width * 0.35 - x;
  if (y < 30 || y > size.height - 30) moved.top += size.height / 2 - y;
  return moved;
}

export function nodeAt(scene: Scene, view: View, x: number, y: number): number | null {
  const { layout, nodes } = scene;
  const depth = Math.round((x - view.left - 40) / view.column);
  let best: number | null = null;
  let nearest = 18 ** 2;
  for (const at of [depth, depth + 1]) {
    const level = layout.levels[at];
    if (!level) continue;
    const reach = 14 / view.row;
    const row = (y - view.top) / view.row;
    for (let index = firstFrom(level, layout.row, row - reach); index < level.length; index++) {
      const node = level[index] ?? 0;
      const there = layout.row[node] ?? 0;
      if (there > row + reach) break;
      if ((nodes.simulation[node] ?? 0) > scene.simulation) continue;
      const dx = x - (view.left + at * view.column);
      const away = (dx > 0 && view.row >= LABELS_FROM ? Math.max(0, dx - view.column * 0.7) : Math.abs(dx)) ** 2 + ((there - row) * view.row) ** 2;
      if (away < nearest) [nearest, best] = [away, node];
    }
  }
  return best;
}

export function draw(context: CanvasRenderingContext2D, scene: Scene, view: View, size: Size): void {
  const rows: [number, number] = [(-20 - view.top) / view.row, (size.height + 20 - view.top) / view.row];
  const few = visibleNodes(scene.layout, ...rows) <= CURVES_UP_TO;
  if (!few && radiusOf(view) < TINY) {
    drawDense(context, scene, view, size, rows);
    drawChosen(context, scene, view);
    return;
  }
  context.fillStyle = INK[scene.scheme].back;
  context.fillRect(0, 0, size.width, size.height);
  const ends = drawLabels(context, scene, view, size, rows);
  drawEdges(context, scene, view, rows, { ends, curved: few && view.row > 4 });
  drawNodes(context, scene, view, size, rows);
}

/** Marks the chosen node of a dense drawing. */
function drawChosen(context: CanvasRenderingContext2D, scene: Scene, view: View): void {
  const ink = INK[scene.scheme];
  const [x, y] = [view.left + (scene.layout.depth[scene.chosen] ?? 0) * view.column, view.top + (scene.layout.row[scene.chosen] ?? 0) * view.row];
  ring(context, x, y, 6, ink.accent);
  if (view.column < LABELS_WIDER) return;
  context.font = FONT;
  context.textBaseline = "middle";
  context.fillStyle = ink.back;
  context.fillRect(x + 9, y - 9, view.column - 18, 18);
  drawLabel(context, scene, scene.chosen, x + 12, y, view.column - 24);
}

/** Labels where there is room for them; returns where each ends, which is where the edges of its node begin. */
function drawLabels(context: CanvasRenderingContext2D, scene: Scene, view: View, size: Size, [low, high]: [number, number]): Map<number, number> {
  const { layout, nodes } = scene;
  const ends = new Map<number, number>();
  if (view.column < LABELS_WIDER) return ends;
  context.font = FONT;
  context.textBaseline = "middle";
  const radius = radiusOf(view);
  for (let depth = 0; depth < layout.levels.length; depth++) {
    const x = view.left + depth * view.column;
    if (x < -view.column || x > size.width) continue;
    const level = layout.levels[depth] ?? NOTHING;
    const lastColumn = depth === layout.levels.length - 1;
    let below = -Infinity;
    for (let index = firstFrom(level, layout.row, low); index < level.length; index++) {
      const node = level[index] ?? 0;
      const row = layout.row[node] ?? 0;
      if (row > high) break;
      if ((nodes.simulation[node] ?? 0) > scene.simulation) continue;
      const y = view.top + row * view.row;
      const next = level[index + 1];
      const room = next === undefined ? Infinity : ((layout.row[next] ?? 0) - row) * view.row;
      const wanted = node === scene.chosen || scene.trail.has(node);
      if (y - below < LABELS_FROM || (room < LABELS_FROM && !wanted && y - below < 2 * LABELS_FROM)) continue;
      below = y;
      const leaf = !layout.shown[node];
      const toEdge = size.width - x - radius - 12;
      const width = lastColumn && toEdge > 40 ? Math.min(420, toEdge) : view.column - radius - (leaf ? 24 : 62);
      ends.set(node, drawLabel(context, scene, node, x + radius + 7, y, width));
    }
  }
  return ends;
}

interface Lines {
  /** Where the label of a node ends. */
  ends: ReadonlyMap<number, number>;
  curved: boolean;
}

function drawEdges(context: CanvasRenderingContext2D, scene: Scene, view: View, [low, high]: [number, number], { ends, curved }: Lines): void {
  const { layout, nodes } = scene;
  const { children, row, shown } = layout;
  const rootVisits = Math.max(1, scene.moment.visits[0] ?? 1);
  for (let depth = 0; depth + 1 < layout.levels.length; depth++) {
    const x = view.left + depth * view.column;
    const end = x + view.column;
    for (const parent of layout.levels[depth] ?? []) {
      if (!shown[parent]) continue;
      const all = children.of(parent);
      if ((row[all[all.length - 1] ?? 0] ?? 0) < low) continue;
      if ((row[all[0] ?? 0] ?? 0) > high) break;
      const y = view.top + (row[parent] ?? 0) * view.row;
      const known = all.filter((child) => (nodes.simulation[child] ?? 0) <= scene.simulation);
      if (curved) {
        const from = ends.get(parent) ?? x + 7;
        for (const child of known) drawCurve(context, scene, { x: from, y, end, to: view.top + (row[child] ?? 0) * view.row }, child, rootVisits);
      } else drawFork(context, scene, view, { x, y, end, to: y }, known);
    }
  }
}

/** The edges to the children as a bar with a line to each of them. */
function drawFork(context: CanvasRenderingContext2D, scene: Scene, view: View, { x, y, end }: Span, children: Int32Array): void {
  const ink = INK[scene.scheme];
  const middle = x + view.column / 2;
  const at = (child: number) => view.top + (scene.layout.row[child] ?? 0) * view.row;
  if (!children.length) return;
  const [top, bottom] = [Math.min(y, at(children[0] ?? 0)), Math.max(y, at(children[children.length - 1] ?? 0))];
  context.fillStyle = ink.edge;
  context.fillRect(x, y, view.column / 2, 1);
  context.fillRect(middle, Math.max(top, -20), 1, Math.min(bottom, 20_000) - Math.max(top, -20) + 1);
  for (const child of children) {
    const onTrail = scene.trail.has(child);
    context.fillStyle = onTrail ? ink.trail : scene.path.has(child) ? ink.accent : scene.nodes.grafted[child] ? ink.graft : ink.edge;
    context.fillRect(middle, at(child), end - middle, onTrail ? 2 : 1);
  }
}

interface Span {
  x: number;
  y: number;
  end: number;
  to: number;
}

function drawCurve(context: CanvasRenderingContext2D, scene: Scene, span: Span, child: number, rootVisits: number): void {
  const ink = INK[scene.scheme];
  const grafted = scene.nodes.grafted[child];
  const onTrail = scene.trail.has(child);
  const onPath = scene.path.has(child);
  const share = (scene.moment.visits[child] ?? 0) / rootVisits;
  context.strokeStyle = onTrail ? ink.trail : onPath ? ink.accent : grafted ? ink.graft : ink.edge;
  context.lineWidth = grafted ? 1 : Math.max(1, 9 * Math.sqrt(share) * 0.8);
  if (onTrail) context.lineWidth = Math.max(2.5, context.lineWidth);
  if (grafted) context.setLineDash([4, 4]);
  const bend = span.end - Math.min(90, Math.max(30, (span.end - span.x) * 0.5));
  context.beginPath();
  context.moveTo(span.x, span.y);
  context.bezierCurveTo(Math.max(span.x, bend), span.y, bend, span.to, span.end - 7, span.to);
  context.stroke();
  if (grafted) context.setLineDash([]);
}

function visibleNodes(layout: Layout, low: number, high: number): number {
  let count = 0;
  for (const level of layout.levels) count += firstFrom(level, layout.row, high) - firstFrom(level, layout.row, low);
  return count;
}

function drawNodes(context: CanvasRenderingContext2D, scene: Scene, view: View, size: Size, [low, high]: [number, number]): void {
  const { layout, nodes } = scene;
  const ink = INK[scene.scheme];
  const radius = radiusOf(view);
  const tiny = radius < TINY;
  for (let depth = 0; depth < layout.levels.length; depth++) {
    const x = view.left + depth * view.column;
    if (x < -view.column || x > size.width + 20) continue;
    const level = layout.levels[depth] ?? NOTHING;
    for (let index = firstFrom(level, layout.row, low); index < level.length; index++) {
      const node = level[index] ?? 0;
      const row = layout.row[node] ?? 0;
      if (row > high) break;
      if ((nodes.simulation[node] ?? 0) > scene.simulation) continue;
      const y = view.top + row * view.row;
      const colour = nodeColour(scene, node);
      if (tiny) {
        context.fillStyle = colour;
        context.fillRect(x - 2, y - 0.5, 5, Math.max(1, radius));
        if (node === scene.chosen) ring(context, x, y, 6, ink.accent);
        continue;
      }
      drawShape(context, scene, node, { x, y, radius, colour });
      if (node === scene.chosen) ring(context, x, y, radius + 4, ink.accent);
      else if (scene.fresh && scene.simulation > 0 && nodes.simulation[node] === scene.simulation) ring(context, x, y, radius + 3, ink.dim);
    }
  }
}

export interface Mark {
  x: number;
  y: number;
  radius: number;
  colour: string;
}

/** How an end is drawn, by its verdict or by why it ended. */
export function shapeOf(nodes: Nodes, node: number): string {
  const terminal = nodes.terminal.at(node) ?? "none";
  if (terminal === "none") return "circle";
  if (terminal === "answer") {
    const verdict = nodes.verdict.at(node);
    return verdict === "correct" ? "diamond" : verdict === "incorrect" ? "square" : "triangle";
  }
  return terminal === "failed" ? "cross" : "bar";
}

function drawShape(context: CanvasRenderingContext2D, scene: Scene, node: number, mark: Mark): void {
  const ink = INK[scene.scheme];
  const shape = shapeOf(scene.nodes, node);
  const grafted = Boolean(scene.nodes.grafted[node]);
  outline(context, shape, mark);
  const verdict = scene.nodes.verdict.at(node);
  if (shape === "cross" || shape === "bar") {
    context.strokeStyle = shape === "cross" ? verdictColour("error", scene.scheme) : ink.dim;
    context.lineWidth = 2;
    context.stroke();
    return;
  }
  context.fillStyle = grafted ? ink.back : mark.colour;
  context.fill();
  context.lineWidth = verdict ? 2 : 1;
  context.strokeStyle = verdict ? verdictColour(verdict, scene.scheme) : grafted ? ink.graft : ink.dim;
  if (grafted) context.setLineDash([2, 2]);
  context.stroke();
  if (grafted) context.setLineDash([]);
  if (scene.folded.has(node)) {
    context.beginPath();
    context.moveTo(mark.x - mark.radius * 0.5, mark.y);
    context.lineTo(mark.x + mark.radius * 0.5, mark.y);
    context.moveTo(mark.x, mark.y - mark.radius * 0.5);
    context.lineTo(mark.x, mark.y + mark.radius * 0.5);
    context.strokeStyle = ink.text;
    context.stroke();
  }
}

export function outline(context: CanvasRenderingContext2D, shape: string, { x, y, radius }: Mark): void {
  context.beginPath();
  if (shape === "circle") context.arc(x, y, radius, 0, 2 * Math.PI);
  else if (shape === "square") context.rect(x - radius * 0.85, y - radius * 0.85, radius * 1.7, radius * 1.7);
  else if (shape === "diamond") polygon(context, [[x, y - radius * 1.25], [x + radius * 1.25, y], [x, y + radius * 1.25], [x - radius * 1.25, y]]);
  else if (shape === "triangle") polygon(context, [[x, y - radius], [x + radius, y + radius * 0.8], [x - radius, y + radius * 0.8]]);
  else if (shape === "bar") {
    context.moveTo(x, y - radius);
    context.lineTo(x, y + radius);
  } else {
    context.moveTo(x - radius * 0.8, y - radius * 0.8);
    context.lineTo(x + radius * 0.8, y + radius * 0.8);
    context.moveTo(x + radius * 0.8, y - radius * 0.8);
    context.lineTo(x - radius * 0.8, y + radius * 0.8);
  }
}

function polygon(context: CanvasRenderingContext2D, points: [number, number][]): void {
  points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
}

function ring(context: CanvasRenderingContext2D, x: number, y: number, radius: number, colour: string): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.lineWidth = 2;
  context.strokeStyle = colour;
  context.stroke();
}

const MARKUP = /\*\*|^#+ /g;
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]+/gu;

/** Draws the number of its visits, its value and visits, and its step; returns where it ends. */
function drawLabel(context: CanvasRenderingContext2D, scene: Scene, node: number, x: number, y: number, room: number): number {
  const ink = INK[scene.scheme];
  let at = x;
  const visit = scene.visits?.get(node);
  if (visit) {
    context.font = `bold ${FONT}`;
    const width = context.measureText(visit).width + 10;
    context.fillStyle = ink.trail;
    context.beginPath();
    context.roundRect(at, y - 8, width, 16, 8);
    context.fill();
    context.fillStyle = scene.scheme === "dark" ? "#11161d" : "#ffffff";
    context.fillText(visit, at + 5, y + 0.5);
    context.font = FONT;
    at += width + 5;
  }
  const facts = scene.nodes.grafted[node] || room < NARROW ? "" : `${(scene.moment.value[node] ?? 0).toFixed(2)} · ${scene.moment.visits[node] ?? 0}`;
  if (facts) {
    context.fillStyle = ink.dim;
    context.fillText(facts, at, y);
    at += context.measureText(facts).width + 7;
  }
  const text = node === 0 ? scene.title.slice(0, LABELLED) : scene.nodes.text.beginning(node, LABELLED);
  const line = clip(text.replace(HIDDEN, " ").trim().replace(MARKUP, ""), room - (at - x));
  context.fillStyle = scene.visits && !scene.trail.has(node) && node !== 0 ? ink.dim : ink.text;
  context.fillText(line, at, y);
  return at + context.measureText(line).width + 5;
}

function clip(text: string, room: number): string {
  const most = Math.floor(room / 6.1);
  if (most < SHORTEST) return "";
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}

