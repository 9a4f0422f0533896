/**
 * The files of the project, for the checks.
 *
 * @module
 */

/** Folders whose files are no source of ours, besides hidden ones. */
const SKIPPED = new Set(["node_modules", "fixtures"]);

/** All TypeScript files under a root except declarations and fixtures, sorted, relative to the root. */
export async function sourceFiles(root: string): Promise<string[]> {
  const files: string[] = [];
  await collect(root, "", files);
  return files.sort();
}

async function collect(root: string, folder: string, files: string[]): Promise<void> {
  for await (const entry of Deno.readDir(`${root}/${folder}`)) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    const skipped = entry.name.startsWith(".") || SKIPPED.has(entry.name);
    if (entry.isDirectory && !skipped) await collect(root, path, files);
    if (entry.isFile && path.endsWith(".ts") && !path.endsWith(".d.ts")) files.push(path);
  }
}

/** The project's root, without a slash at its end. */
export function projectRoot(): string {
  return fromFileUrl(new URL("../..", import.meta.url).href).replace(/\/$/, "");
}

export function fromFileUrl(url: string): string {
  return decodeURIComponent(new URL(url).pathname);
}

export function toFileUrl(path: string): string {
  return new URL(`file://${path.split("/").map(encodeURIComponent).join("/")}`).href;
}
