// The canvas of a tree: drag to pan, wheel or keys to zoom, click or arrow keys to choose a node.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { draw, fit, nodeAt, reveal, zoomed } from "./canvas";
import type { Children } from "./children";
import type { ColourBy } from "./colours";
import { layOut } from "./layout";
import { type Moment, expandedPath, pathTo } from "./replay";
import type { Scene, Size, View } from "./scene";
import { useShared } from "./state";
import type { Nodes } from "./types";

export interface Shown {
  nodes: Nodes;
  children: Children;
  moment: Moment;
  simulation: number;
  last: number;
  colourBy: ColourBy;
  chosen: number;
  title: string;
  folded: ReadonlySet<number>;
  visits?: ReadonlyMap<number, string> | null;
  trail?: ReadonlySet<number>;
  onChoose: (node: number) => void;
  onFold?: (node: number) => void;
  /** Called after each frame. */
  onPainted?: () => void;
  label: string;
}

const NOTHING: ReadonlySet<number> = new Set();

export function Drawing(shown: Shown) {
  const { scheme, announce } = useShared();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const layout = useMemo(() => layOut(shown.children, shown.folded), [shown.children, shown.folded]);
  const replaying = shown.simulation < shown.last;
  const path = useMemo(
    () => (replaying ? expandedPath(shown.nodes, shown.simulation) : new Set(pathTo(shown.nodes, shown.chosen))),
    [shown.nodes, shown.simulation, shown.chosen, replaying],
  );
  const scene: Scene = {
    ...shown, layout, scheme, path, fresh: replaying, visits: shown.visits ?? null, trail: shown.trail ?? NOTHING,
  };
  const view = useRef<View | null>(null);
  const frame = useRef(0);
  // A frame draws what holds when it comes, which may be later than the rendering that asked for it.
  const latest = useRef({ scene, size, onPainted: shown.onPainted });
  latest.current = { scene, size, onPainted: shown.onPainted };

  const paint = () => {
    if (frame.current) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      const context = canvas.current?.getContext("2d");
      const now = latest.current;
      if (!context || !view.current || !now.size.width) return;
      const ratio = window.devicePixelRatio || 1;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw(context, now.scene, view.current, now.size);
      if (canvas.current) canvas.current.dataset["painted"] = String(performance.now());
      now.onPainted?.();
    });
  };

  useLayoutEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    if (!canvas.current || !size.width) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.current.width = Math.round(size.width * ratio);
    canvas.current.height = Math.round(size.height * ratio);
    if (view.current === null) view.current = fit(layout, size);
    paint();
  }, [size]);

  useLayoutEffect(() => {
    if (!size.width) return;
    view.current = fit(layout, size);
    paint();
  }, [shown.title, shown.nodes.parent.length]);

  useEffect(() => {
    if (view.current && size.width) view.current = reveal(view.current, layout, shown.chosen, size);
    paint();
  }, [shown.chosen, layout]);

  useEffect(paint);

  const zoom = (factor: number, at = { x: size.width / 2, y: size.height / 2 }) => {
    if (view.current) view.current = zoomed(view.current, factor, at, layout, size);
    paint();
  };
  const pan = (x: number, y: number) => {
    if (view.current) view.current = { ...view.current, left: view.current.left + x, top: view.current.top + y };
    paint();
  };
  const refit = () => {
    view.current = fit(layout, size);
    paint();
  };

  const choose = (node: number) => {
    shown.onChoose(node);
    announce(describeNode(shown, node));
  };

  useGestures(canvas, {
    pan,
    zoom,
    over: (x, y) => {
      const found = view.current && nodeAt(latest.current.scene, view.current, x, y);
      if (canvas.current) canvas.current.title = found === null ? "" : describeNode(shown, found);
    },
    click: (x, y) => {
      const found = view.current && nodeAt(latest.current.scene, view.current, x, y);
      if (found !== null) choose(found);
    },
    fold: (x, y) => {
      const found = view.current && nodeAt(latest.current.scene, view.current, x, y);
      if (found !== null) shown.onFold?.(found);
    },
  });

  const keys: Record<string, () => void> = {
    ArrowLeft: () => choose(Math.max(0, shown.nodes.parent[shown.chosen] ?? 0)),
    ArrowRight: () => {
      const child = Array.from(shown.folded.has(shown.chosen) ? [] : shown.children.of(shown.chosen)).find((node) => (shown.nodes.simulation[node] ?? 0) <= shown.simulation);
      if (child !== undefined) choose(child);
    },
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Home: () => choose(0),
    "+": () => zoom(1.4),
    "=": () => zoom(1.4),
    "-": () => zoom(1 / 1.4),
    "0": refit,
    " ": () => shown.onFold?.(shown.chosen),
    Enter: () => shown.onFold?.(shown.chosen),
  };
  const step = (by: number) => {
    const level = layout.levels[layout.depth[shown.chosen] ?? 0] ?? new Int32Array(0);
    for (let at = level.indexOf(shown.chosen) + by; at >= 0 && at < level.length; at += by) {
      const node = level[at] ?? 0;
      if ((shown.nodes.simulation[node] ?? 0) <= shown.simulation) return choose(node);
    }
  };

  return (
    <div class="drawing">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-roledescription="search tree"
        aria-label={`${shown.label}. Arrow keys go to the parent, a child or a neighbour; space folds a subtree; plus, minus and 0 zoom.`}
        onKeyDown={(event) => {
          const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
          if (!action) return;
          event.preventDefault();
          event.stopPropagation();
          action();
        }}
      />
      <div class="zoom">
        <button onClick={() => zoom(1.4)} aria-label="Zoom in">+</button>
        <button onClick={() => zoom(1 / 1.4)} aria-label="Zoom out">−</button>
        <button onClick={refit} aria-label="Show the whole tree">⤢</button>
      </div>
    </div>
  );
}

export function describeNode(shown: { nodes: Nodes; moment: Moment; children: Children }, node: number): string {
  const { nodes, moment } = shown;
  const verdict = nodes.verdict.at(node);
  const terminal = nodes.terminal.at(node);
  const facts = nodes.grafted[node]
    ? "grafted, without weight"
    : `value ${(moment.value[node] ?? 0).toFixed(2)}, ${moment.visits[node] ?? 0} visits`;
  const end = verdict ? `, answer ${verdict.replace("_", " ")}` : terminal === "none" ? `, ${shown.children.count(node)} children` : `, ends: ${terminal}`;
  return `Node ${node}: ${facts}${end}. ${nodes.text.beginning(node, 200)}`;
}

interface Gestures {
  pan: (x: number, y: number) => void;
  zoom: (factor: number, at: { x: number; y: number }) => void;
  over: (x: number, y: number) => void;
  click: (x: number, y: number) => void;
  fold: (x: number, y: number) => void;
}

function useGestures(canvas: { current: HTMLCanvasElement | null }, gestures: Gestures): void {
  const latest = useRef(gestures);
  latest.current = gestures;
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const pointers = new Map<number, { x: number; y: number }>();
    let moved = 0;
    const place = (event: PointerEvent | WheelEvent | MouseEvent) => {
      const box = element.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    const down = (event: PointerEvent) => {
      element.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, place(event));
      moved = 0;
    };
    const move = (event: PointerEvent) => {
      const before = pointers.get(event.pointerId);
      const now = place(event);
      if (!before) return latest.current.over(now.x, now.y);
      const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const other = others[0];
      if (other) {
        const [was, is] = [Math.hypot(before.x - other.x, before.y - other.y), Math.hypot(now.x - other.x, now.y - other.y)];
        if (was > 0) latest.current.zoom(is / was, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
      } else latest.current.pan(now.x - before.x, now.y - before.y);
      moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
      pointers.set(event.pointerId, now);
    };
    const up = (event: PointerEvent) => {
      const at = place(event);
      if (pointers.delete(event.pointerId) && moved < 5 && event.type === "pointerup") latest.current.click(at.x, at.y);
    };
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      if (event.shiftKey) latest.current.pan(-event.deltaY, 0);
      else latest.current.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0018)), place(event));
    };
    const twice = (event: MouseEvent) => {
      const at = place(event);
      latest.current.fold(at.x, at.y);
    };
    const listeners: [string, (event: never) => void][] = [
      ["pointerdown", down], ["pointermove", move], ["pointerup", up], ["pointercancel", up], ["dblclick", twice],
    ];
    for (const [name, listener] of listeners) element.addEventListener(name, listener as EventListener);
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      for (const [name, listener] of listeners) element.removeEventListener(name, listener as EventListener);
      element.removeEventListener("wheel", wheel);
    };
  }, []);
}
