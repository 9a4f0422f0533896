// deno-lint-ignore-file no-console
/**
 * Holds the imports of the tree to the directions of design.md section 3, `deno task check:imports`.
 *
 * Deno itself finds the imports (`deno info --json`): type-only ones, `import()` types and dynamic imports are among them.
 *
 * @module
 */

import { isTest, type Place, placeOf, ROOMS } from "./rooms.ts";
import { fromFileUrl, projectRoot, sourceFiles, toFileUrl } from "./tree.ts";

/** One import that breaks a rule. */
export interface Violation {
  /** Relative to the root. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** What is wrong, and where to change it. */
  readonly message: string;
}

interface Import {
  readonly line: number;
  readonly specifier: string;
  /** The imported file relative to the root; undefined for packages and built-in modules. */
  readonly target: string | undefined;
}

interface Position {
  readonly specifier?: string;
  readonly span: { readonly start: { readonly line: number } };
}

interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: Position;
    readonly type?: Position;
  }[];
}

/** All imports under a root (an absolute path) that break a rule, in order of file and line. */
export async function checkImports(root: string): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const [file, imports] of await readImports(root)) {
    for (const found of imports) {
      const message = judge(file, found);
      if (message !== undefined) violations.push({ file, line: found.line, message });
    }
  }
  return violations;
}

/** Says what is wrong with an import, or undefined where nothing is. */
function judge(file: string, { specifier, target }: Import): string | undefined {
  if (/^(npm|jsr|https?):/.test(specifier)) {
    return `imports ${specifier} directly; name it in the imports of deno.json, pinned, and import that name`;
  }
  if (target === undefined) return undefined;
  const from = placeOf(file);
  const to = placeOf(target);
  if (from.kind === "tests") return judgeEntry(from, to, target);
  switch (from.kind) {
    case "public":
      return isRoom(to, "script") ? judgeEntry(from, to, target) : (
        `mod.ts imports ${target}; it may import runtime/script/mod.ts only: export it from there`
      );
    case "example":
      return to.kind === "public" || (to.kind === "example" && specifier !== "smbench")
        ? undefined
        : `an example imports ${target}; it may import "smbench" only, as its readers will`;
    case "unknown":
      return `${file} is in no room; move it, or add the room to design.md and tests/checks/rooms.ts`;
    case "room":
      break;
  }
  if (to.kind === "tests" && isTest(file)) return undefined;
  if (to.kind === "public" && ROOMS[from.room].publicModule === true) return undefined;
  if (to.kind !== "room") {
    return isTest(file) && to.kind !== "unknown"
      ? undefined
      : `room ${from.room} imports ${target}; rooms import rooms only: edit ${file}`;
  }
  if (to.room === from.room) return undefined;
  if (!isTest(file) && !ROOMS[from.room].imports.includes(to.room)) {
    const allowed = ROOMS[from.room].imports.join(", ") || "no other room";
    return `room ${from.room} imports room ${to.room} (${specifier}); it may import ${allowed}: ` +
      `edit ${file}, or design.md section 3 and tests/checks/rooms.ts together`;
  }
  return judgeEntry(from, to, target);
}

/** A room is entered through its mod.ts, and so is a room inside it (compiler/capture). */
function judgeEntry(from: Place, to: Place, target: string): string | undefined {
  if (to.kind !== "room" || /(^|\/)mod\.ts$/.test(to.inside)) return undefined;
  const door = target.slice(0, -to.inside.length) + "mod.ts";
  // The program's entry is run, not imported: only tests that run the command line in process name it.
  if (from.kind === "tests" && to.room === "cli") return undefined;
  return `enters room ${to.room} by ${target}; import ${door} and export there what is needed`;
}

function isRoom(place: Place, room: string): boolean {
  return place.kind === "room" && place.room === room;
}

/** The imports of every source file under the root. */
async function readImports(root: string): Promise<Map<string, Import[]>> {
  const files = await sourceFiles(root);
  const entry = await Deno.makeTempFile({ prefix: "smbench-imports-", suffix: ".ts" });
  try {
    const lines = files.map((file) => `import ${JSON.stringify(toFileUrl(`${root}/${file}`))};\n`);
    await Deno.writeTextFile(entry, lines.join(""));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--no-lock", `--config=${root}/deno.json`, entry],
      stdout: "piped",
      stderr: "piped",
    }).output();
    const decoder = new TextDecoder();
    if (code !== 0) throw new Error(`Cannot read the imports: ${decoder.decode(stderr)}`);
    const { modules } = JSON.parse(decoder.decode(stdout)) as { modules: readonly ModuleInfo[] };
    const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
    return new Map(files.map((file) => {
      const module = bySpecifier.get(toFileUrl(`${root}/${file}`));
      if (module === undefined) {
        throw new Error(`Cannot read the imports of ${file}: Deno lists none`);
      }
      return [file, importsOf(module, root)];
    }));
  } finally {
    await Deno.remove(entry);
  }
}

function importsOf(module: ModuleInfo, root: string): Import[] {
  const imports: Import[] = [];
  for (const { specifier, code, type } of module.dependencies ?? []) {
    const positions = [code, type].filter((it) => it !== undefined);
    const resolved = positions[0]?.specifier;
    const path = resolved?.startsWith("file:") === true ? fromFileUrl(resolved) : undefined;
    const target = path?.startsWith(`${root}/`) === true ? path.slice(root.length + 1) : path;
    const line = Math.min(...positions.map((it) => it.span.start.line)) + 1;
    imports.push({ line, specifier, target });
  }
  return imports.sort((a, b) => a.line - b.line);
}

if (import.meta.main) {
  const root = projectRoot();
  const violations = await checkImports(root);
  for (const { file, line, message } of violations) {
    console.error(`${file}:${line}: ${message}`);
  }
  if (violations.length > 0) Deno.exit(1);
}
