// What a drawing of a tree shows, and where.

import { type ColourBy, INK, type Scheme, ramp, verdictColour } from "./colours";
import type { Layout } from "./layout";
import type { Moment } from "./replay";
import type { Nodes } from "./types";

export interface View {
  /** Pixels of a column and of a row, and where column 0 and row 0 lie. */
  column: number;
  row: number;
  left: number;
  top: number;
}

export interface Scene {
  nodes: Nodes;
  layout: Layout;
  folded: ReadonlySet<number>;
  moment: Moment;
  simulation: number;
  last: number;
  colourBy: ColourBy;
  scheme: Scheme;
  chosen: number;
  path: ReadonlySet<number>;
  fresh: boolean;
  /** Numbers of the visits at each node, for a trace; null without one. */
  visits: ReadonlyMap<number, string> | null;
  trail: ReadonlySet<number>;
  title: string;
}

export interface Size {
  width: number;
  height: number;
}

export function radiusOf(view: View): number {
  return Math.max(1, Math.min(7, view.row * 0.34));
}

export function nodeColour(scene: Scene, node: number): string {
  const { nodes } = scene;
  if (scene.colourBy === "verdict") return verdictColour(nodes.verdict.at(node), scene.scheme);
  if (nodes.grafted[node] && scene.colourBy !== "simulation") return INK[scene.scheme].graft;
  if (scene.colourBy === "prior") return ramp(Math.sqrt(nodes.prior[node] || 0));
  if (scene.colourBy === "simulation") return ramp((nodes.simulation[node] ?? 0) / Math.max(1, scene.last));
  return ramp(scene.moment.value[node] ?? 0);
}
