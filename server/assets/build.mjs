// Builds the scripts of the pages: one file for each page that has one.
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  entryPoints: [here("src/sparql.js"), here("src/build.js")],
  outdir: here("../legation/serve/static/built"),
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "linked",
  logLevel: "warning",
});

// What a minified file no longer says: whose work is in it, and under which licence.
const packages = Object.keys(JSON.parse(await readFile(here("package-lock.json"), "utf8")).packages)
  .filter((path) => path.startsWith("node_modules/") && !/esbuild/.test(path));
const notices = await Promise.all(packages.sort().map(async (path) =>
  `${path.slice("node_modules/".length)}\n\n${await readFile(here(`${path}/LICENSE`), "utf8")}`));
await writeFile(here("../legation/serve/static/built/licences.txt"), notices.join(`\n${"-".repeat(80)}\n`));
