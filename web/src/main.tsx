// The page: its frame, its themes, and the view that the address names.

import { render } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Scheme } from "./colours";
import { Dialog } from "./parts";
import { type Source, currentLabels, openSource } from "./source";
import { type Address, type Place, SharedContext, addressOf, go, useAddress, useKeys } from "./state";
import { visible } from "./text";
import { CompareView } from "./views/compare";
import { RunView } from "./views/run";
import { TraceView } from "./views/trace";
import { TreeView } from "./views/tree";

const POLL = 3_000; // milliseconds between looks at a run that is still going

function App({ source }: { source: Source }) {
  const address = useAddress();
  const run = Math.max(0, Math.min(source.runs.length - 1, Number(address.params["run"] ?? 0) || 0));
  const [scheme, setScheme] = useScheme();
  const [said, setSaid] = useState("");
  const [helping, setHelping] = useState(false);
  const version = useFollowing(source, run);
  const announce = useCallback((text: string) => setSaid(text), []);
  const shared = useMemo(() => ({ source, scheme, announce, version }), [source, scheme, announce, version]);
  useFirstProblem(source, run, address);
  useKeys({
    "?": () => setHelping(true),
    1: () => go("run", { run }), 2: () => go("tree", { run, id: address.params["id"] }), 3: () => go("trace", { run, id: address.params["id"] }),
    4: () => go("compare", { run }), d: () => setScheme(scheme === "dark" ? "light" : "dark"),
  });
  const facts = source.runs[run];
  useEffect(() => {
    document.title = `${facts?.name ?? "ASTRO"} – ${address.params["id"] ?? address.place} – ASTRO`;
  }, [address, facts]);
  return (
    <SharedContext.Provider value={shared}>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to the content</a>
      <header class="top">
        <h1><a href={addressOf("run", { run })}>ASTRO</a></h1>
        {source.runs.length > 1 ? (
          <label class="runs"><span class="hidden">Run</span>
            <select value={String(run)} onChange={(event) => go(address.place === "compare" ? "compare" : "run", { run: event.currentTarget.value })}>
              {source.runs.map((each, index) => <option value={String(index)}>{each.name}</option>)}
            </select>
          </label>
        ) : <strong class="runs">{visible(facts?.name ?? "")}</strong>}
        <Places run={run} address={address} />
        <span class="spring" />
        {source.served && facts && !(facts.finished.trees && facts.finished.traces) && <span class="tag live">following: {facts.trees} of {facts.problems}</span>}
        {!source.served && <DownloadLabels source={source} run={run} />}
        <button onClick={() => setScheme(scheme === "dark" ? "light" : "dark")} aria-label={`Switch to the ${scheme === "dark" ? "light" : "dark"} theme`}>{scheme === "dark" ? "☀" : "☾"}</button>
        <button class="keys-button" onClick={() => setHelping(true)} aria-label="Keys">?</button>
      </header>
      <main id="main" tabIndex={-1} class={`view-${address.place}`}>
        {address.place === "run" && <RunView run={run} address={address} />}
        {address.place === "tree" && address.params["id"] && <TreeView run={run} address={address} />}
        {address.place === "trace" && address.params["id"] && <TraceView run={run} address={address} />}
        {address.place === "compare" && <CompareView run={run} address={address} />}
      </main>
      <p class="hidden" role="status" aria-live="polite">{said}</p>
      <Help open={helping} onClose={() => setHelping(false)} version={source.version} />
    </SharedContext.Provider>
  );
}

function Places({ run, address }: { run: number; address: Address }) {
  const id = address.params["id"];
  const places: [Place, string][] = [["run", "Run"], ["tree", "Tree"], ["trace", "Trace"], ["compare", "Compare"]];
  return (
    <nav aria-label="Views">
      {places.map(([place, name]) => (
        <a href={addressOf(place, place === "run" || place === "compare" ? { run } : { run, id })} aria-current={address.place === place ? "page" : undefined}>{name}</a>
      ))}
    </nav>
  );
}

/** A tree or trace without a problem in the address shows the first one that has it. */
function useFirstProblem(source: Source, run: number, address: Address): void {
  useEffect(() => {
    if ((address.place !== "tree" && address.place !== "trace") || address.params["id"]) return;
    const sort = address.place === "trace" ? "backtracks" : "nodes";
    const query = { search: "", status: "", traces: "", label: "", low: "", high: "", sort, descending: true, offset: 0, limit: 500 } as const;
    source.problems(run, query).then(({ rows }) => {
      const first = rows.find((row) => source.has(run, row.id));
      if (first) go(address.place, { run, id: first.id }, true);
    }, () => undefined);
  }, [source, run, address]);
}

/** Looks at a run, which may be trained on and evaluated after its traces, and counts the times that it had grown. */
function useFollowing(source: Source, run: number): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    if (!source.served) return;
    const timer = setInterval(() => {
      if (document.hidden) return;
      source.refresh(run).then((changed) => changed && setVersion((before) => before + 1), () => undefined);
    }, POLL);
    return () => clearInterval(timer);
  }, [source, run]);
  return version;
}

const THEME = "astro-theme";

function useScheme(): [Scheme, (scheme: Scheme) => void] {
  const [scheme, setScheme] = useState<Scheme>(() => {
    const stored = remembered();
    return stored === "light" || stored === "dark" ? stored : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  });
  useEffect(() => {
    document.documentElement.dataset["theme"] = scheme;
  }, [scheme]);
  return [scheme, (next) => {
    try {
      localStorage.setItem(THEME, next);
    } catch {
      // The choice then lasts as long as the page.
    }
    setScheme(next);
  }];
}

function remembered(): string | null {
  try {
    return localStorage.getItem(THEME);
  } catch {
    return null;
  }
}

/** Labels given in a file, as the labels.jsonl that belongs in the run. */
function DownloadLabels({ source, run }: { source: Source; run: number }) {
  const link = useRef<HTMLAnchorElement>(null);
  const download = async () => {
    const labels = [...currentLabels(await source.labels(run)).values()];
    const address = URL.createObjectURL(new Blob([labels.map((label) => `${JSON.stringify(label)}\n`).join("")], { type: "application/jsonl" }));
    if (!link.current) return;
    link.current.href = address;
    link.current.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  };
  return (
    <>
      <button onClick={() => void download()} title="labels.jsonl, for the folder of the run">Save labels</button>
      <a ref={link} download="labels.jsonl" hidden>labels.jsonl</a>
    </>
  );
}

const KEYS: [string, string][] = [
  ["1 2 3 4", "run, tree, trace, compare"], ["d", "light or dark"], ["/", "search the problems"], ["j k", "next, previous problem or visit"],
  ["Enter t", "open the tree or the traces of the chosen problem"], ["[ ]", "previous, next simulation; previous, next trace, of the next problem after the last one"], ["p", "play or pause the replay"],
  ["arrows", "in a tree: parent, child, neighbours; in a trace: visits"], ["space f", "fold or unfold a subtree"], ["+ − 0", "zoom in, out, whole tree"],
  ["g b n u", "label the trace good, bad, with a note, not at all"], ["G B N U", "the same for the visit"], ["?", "these keys"],
];

function Help({ open, onClose, version }: { open: boolean; onClose: () => void; version: string }) {
  return (
    <Dialog title="Keys" open={open} onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([keys, meaning]) => (
          <div>
            <dt>{keys.split(" ").map((key) => <kbd>{key}</kbd>)}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p class="dim">Drag to pan, wheel or pinch to zoom, double click to fold. ASTRO {version}</p>
    </Dialog>
  );
}

const root = document.getElementById("page");
if (root) {
  try {
    render(<App source={openSource()} />, root);
  } catch (error) {
    root.textContent = `This page cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
  }
}
