// Builds the page into astro/viewer/assets/page.html: one file, with script and style inside. `make page` runs it.

import { createHash } from "node:crypto";
import { readFile, readdir, writeFile, mkdir } from "node:fs/promises";
import { build } from "esbuild";

const HERE = new URL(".", import.meta.url).pathname;
const OUT = new URL("../astro/viewer/assets/", import.meta.url).pathname;

/** Only the woff2 files of KaTeX's fonts: every browser that can run the page reads them. */
const modernFonts = {
  name: "modern-fonts",
  setup(tools) {
    tools.onLoad({ filter: /katex\.min\.css$/ }, async ({ path }) => {
      const style = await readFile(path, "utf8");
      return { contents: style.replace(/,url\(fonts\/[\w-]+\.(?:woff|ttf)\) format\("[a-z]+"\)/g, ""), loader: "css" };
    });
  },
};

async function bundle(entry) {
  const { outputFiles } = await build({
    entryPoints: [HERE + entry],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".woff2": "dataurl" },
    plugins: [modernFonts],
  });
  return outputFiles[0].text.trim();
}

/** The hash of everything that the build reads here; tests compare it with the sources. */
async function sources() {
  const names = ["build.mjs", "package-lock.json", "package.json", "tsconfig.json"];
  for (const entry of await readdir(`${HERE}src`, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) names.push(`${entry.parentPath ?? entry.path}/${entry.name}`.slice(HERE.length));
  }
  const whole = createHash("sha256");
  for (const name of names.sort()) whole.update(`${name}\0`).update(await readFile(HERE + name)).update("\0");
  return whole.digest("hex");
}

const hashOf = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

const script = (await bundle("src/main.tsx")).replaceAll("<!--", "\\x3C!--").replaceAll("</script", "\\x3C/script");
const style = (await bundle("src/style.css")).replaceAll("</style", "\\3C/style");
const parts = { style, script, "style-hash": hashOf(style), "script-hash": hashOf(script), sources: await sources() };
const template = await readFile(`${HERE}src/page.html`, "utf8");
const page = template.replace(/\{\{([\w-]+)\}\}/g, (whole, name) => parts[name] ?? whole);
await mkdir(OUT, { recursive: true });
await writeFile(`${OUT}page.html`, page);
console.log(`page.html: ${Math.round(page.length / 1024)} KiB`);
