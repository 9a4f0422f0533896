/** A scenario's files: read, checked, and freed of their types, before any of it runs. */
import { stripTypeScriptTypes } from "node:module";
import { SourceTextModule } from "node:vm";
import { ScenarioError, type ScenarioPlace } from "./errors.ts";
import type { ScenarioFile } from "./messages.ts";

/** What a scenario may import beside files of its own folder. */
export const PACKAGES = ["smbench", "zod"];

/** Largest file of a scenario: a compiled capture of a million operations has some 150 MiB. */
const MAX_FILE_BYTES = 512 * 2 ** 20;
const MAX_FILES = 500;

/** The files of a scenario. */
export interface ScenarioSource {
  /** Absolute, symbolic links resolved. */
  readonly folder: string;
  /** The first file's path within the folder. */
  readonly entry: string;
  readonly files: readonly ScenarioFile[];
}

/**
 * Reads a scenario and what it imports from its own folder.
 *
 * @param path As the user named it.
 * @throws {ScenarioError} When a file is missing, does not parse, or imports what a scenario may not.
 */
export async function readScenario(path: string): Promise<ScenarioSource> {
  const real = await resolved(path, path);
  const folder = parentOf(real);
  const entry = real.slice(folder.length).replace(/^[\\/]+/, "");
  const files = new Map<string, ScenarioFile>();
  const waiting: { path: string; named: string }[] = [{ path: entry, named: path }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (files.has(next.path)) continue;
    if (files.size === MAX_FILES) {
      throw new ScenarioError(`Cannot load ${path}: it has more than ${MAX_FILES} files`);
    }
    const file = await readFile(folder, next);
    files.set(next.path, file);
    for (const target of Object.values(file.imports)) {
      const named = `${path.slice(0, path.length - entry.length)}${target}`;
      waiting.push({ path: target, named });
    }
  }
  return { folder, entry, files: [...files.values()] };
}

async function readFile(
  folder: string,
  file: { readonly path: string; readonly named: string },
): Promise<ScenarioFile> {
  const { path, named } = file;
  const full = `${folder}/${path}`;
  const { size, isFile } = await Deno.stat(full);
  if (!isFile) throw new ScenarioError(`Cannot load ${named}: it is no file`);
  if (size > MAX_FILE_BYTES) {
    throw new ScenarioError(
      `Cannot load ${named}: it has ${size} bytes, the limit is ${MAX_FILE_BYTES}`,
    );
  }
  const text = await Deno.readTextFile(full);
  const code = withoutTypes(text, named);
  const imports: Record<string, string> = {};
  for (const { specifier, attributes } of importsOf(code, named)) {
    const place = { file: named, ...placeOf(text, specifier) };
    if (Object.keys(attributes).length > 0) {
      throw new ScenarioError(
        `Cannot import ${JSON.stringify(specifier)}: a scenario imports no data, only scripts`,
        { place },
      );
    }
    if (PACKAGES.includes(specifier)) continue;
    imports[specifier] = await importedFile({ folder, importer: path, specifier, place });
  }
  return { path, code, imports };
}

/** The path within the folder of a file that another one imports. */
async function importedFile(request: {
  folder: string;
  importer: string;
  specifier: string;
  place: ScenarioPlace;
}): Promise<string> {
  const { folder, importer, specifier, place } = request;
  if (!/^\.{1,2}\//.test(specifier) || specifier.includes("\\")) {
    throw new ScenarioError(
      `Cannot import ${
        JSON.stringify(specifier)
      }: a scenario imports "smbench", "zod" and files of its own folder`,
      { place },
    );
  }
  if (!/\.(ts|mts|js|mjs)$/.test(specifier)) {
    throw new ScenarioError(
      `Cannot import ${JSON.stringify(specifier)}: its name has to end in .ts or .js`,
      { place },
    );
  }
  const parts = importer.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) throw outside(specifier, place);
    } else if (part !== "." && part !== "") {
      parts.push(part);
    }
  }
  const real = await resolved(`${folder}/${parts.join("/")}`, specifier, place);
  if (!real.startsWith(`${folder}/`)) throw outside(specifier, place);
  return real.slice(folder.length + 1);
}

function outside(specifier: string, place: ScenarioPlace): ScenarioError {
  return new ScenarioError(
    `Cannot import ${JSON.stringify(specifier)}: it is outside the scenario's folder`,
    { place },
  );
}

async function resolved(
  path: string,
  named: string,
  place: ScenarioPlace | null = null,
): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "it does not exist"
      : cause instanceof Error
      ? cause.message
      : String(cause);
    const verb = place === null ? "load" : "import";
    throw new ScenarioError(
      `Cannot ${verb} ${place === null ? named : JSON.stringify(named)}: ${reason}`,
      {
        place,
        cause,
      },
    );
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Types become blanks, so that lines and columns stay; enums and namespaces have to be rewritten. */
function withoutTypes(text: string, named: string): string {
  try {
    return stripTypeScriptTypes(text);
  } catch (error) {
    if (isUnsupportedSyntax(error)) {
      try {
        return stripTypeScriptTypes(text, { mode: "transform" });
      } catch (second) {
        throw syntaxError(second, named);
      }
    }
    throw syntaxError(error, named);
  }
}

function isUnsupportedSyntax(error: unknown): boolean {
  return error instanceof Error &&
    (error as Error & { code?: string }).code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX";
}

/** The parser's message has several lines: what, an excerpt, and the place. */
function syntaxError(error: unknown, named: string): ScenarioError {
  const message = error instanceof Error ? error.message : String(error);
  const position = /:(\d+):(\d+)\s*$/.exec(message);
  const what = (message.split("\n")[0] ?? message).replace(/^SyntaxError: /, "").replace(/\.$/, "");
  return new ScenarioError(`Cannot parse ${named}: ${what}`, {
    place: {
      file: named,
      line: position === null ? null : Number(position[1]),
      column: position === null ? null : Number(position[2]),
    },
    cause: error,
  });
}

interface ImportRequest {
  readonly specifier: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Every static import, by the engine's own parser: nothing is run. */
function importsOf(code: string, named: string): readonly ImportRequest[] {
  try {
    const module = new SourceTextModule(code, { identifier: named }) as unknown as {
      readonly moduleRequests: readonly ImportRequest[];
    };
    return module.moduleRequests;
  } catch (error) {
    throw syntaxError(error, named);
  }
}

/** Where a specifier is first named: a hint for people, nothing depends on it. */
function placeOf(text: string, specifier: string): { line: number | null; column: number | null } {
  const lines = text.split("\n");
  for (const quote of [`"`, `'`]) {
    for (const [index, line] of lines.entries()) {
      const column = line.indexOf(`${quote}${specifier}${quote}`);
      if (column >= 0) return { line: index + 1, column: column + 1 };
    }
  }
  return { line: null, column: null };
}
