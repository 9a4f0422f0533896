/**
 * Makes one self-contained executable file out of a Deno program and the Deno binary at hand.
 *
 * `deno compile` needs `denort`, which it downloads; the full binary does not serve in its place (it ignores the program
 * embedded in it). Where `denort` cannot be had, this file is made instead: a short shell script followed by a tar archive
 * of the Deno binary, the program's sources and the npm packages in its lock file. The first run unpacks the archive into
 * the user's cache directory; every run then starts `deno run` there with `--cached-only`, so nothing is ever downloaded.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type TarEntry, writeTar } from "./tar.ts";

/** What goes into the executable. */
export interface SelfExtractingOptions {
  /** The folder of the program: `deno.json` and `deno.lock` are there. */
  readonly root: string;
  /** The files of the program, relative to `root`. */
  readonly files: readonly string[];
  /** The module to run, relative to `root`. */
  readonly entry: string;
  /** The flags of `deno run`. */
  readonly flags: readonly string[];
  /** The executable to write. */
  readonly output: string;
  /** The program's name, which names its folder in the user's cache directory. */
  readonly name: string;
  /** The Deno binary to pack; the running one unless given. */
  readonly deno?: string;
}

const SAFE_WORD = /^[\w@%+=:,./-]+$/;

/**
 * Writes the executable.
 *
 * @throws {TypeError} A flag or a name would need quoting in the shell.
 * @throws {Deno.errors.NotFound} A package of the lock file is not in the npm cache: run `deno install` first.
 */
export async function writeSelfExtracting(options: SelfExtractingOptions): Promise<void> {
  for (const word of [options.name, options.entry, ...options.flags]) {
    if (!SAFE_WORD.test(word)) throw new TypeError(`Cannot put ${word} into a shell script`);
  }
  const entries: TarEntry[] = [
    {
      name: "deno",
      bytes: await Deno.readFile(options.deno ?? Deno.execPath()),
      executable: true,
    },
    { name: "deno.json", bytes: await configuration(options.root) },
    { name: "deno.lock", bytes: await Deno.readFile(`${options.root}/deno.lock`) },
    ...await npmPackages(options.root),
  ];
  for (const name of options.files) {
    entries.push({ name, bytes: await Deno.readFile(`${options.root}/${name}`) });
  }
  const digest = createHash("sha256");
  for (const part of writeTar(entries)) digest.update(part);
  const script = header({ ...options, id: digest.digest("hex").slice(0, 16) });

  using file = await Deno.open(options.output, {
    create: true,
    truncate: true,
    write: true,
    mode: 0o755,
  });
  await writeAll(file, new TextEncoder().encode(script));
  for (const part of writeTar(entries)) await writeAll(file, part);
  // Also where the file was there before with other permissions.
  await Deno.chmod(options.output, 0o755);
}

/** What the program needs of deno.json at run time: the import map and the unstable features. */
async function configuration(root: string): Promise<Uint8Array> {
  const whole = JSON.parse(await Deno.readTextFile(`${root}/deno.json`)) as Record<string, unknown>;
  const kept = Object.fromEntries(
    ["nodeModulesDir", "unstable", "imports"].map((key) => [key, whole[key]]),
  );
  return new TextEncoder().encode(JSON.stringify(kept));
}

/** The npm packages of the lock file, laid out as in a Deno cache directory. */
async function npmPackages(root: string): Promise<TarEntry[]> {
  const lock = JSON.parse(await Deno.readTextFile(`${root}/deno.lock`)) as {
    npm?: Record<string, unknown>;
  };
  const cache = await npmCache(root);
  const entries: TarEntry[] = [];
  const seen = new Set<string>();
  for (const id of Object.keys(lock.npm ?? {})) {
    // name@version, with _peer@version behind it for packages that are there once per peer
    const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(id) ?? [];
    if (name === undefined || version === undefined) {
      throw new TypeError(`Cannot pack ${id}: not a name and a version`);
    }
    const path = `npm/registry.npmjs.org/${name}/${version}`;
    if (seen.has(path)) continue;
    seen.add(path);
    for (const file of await filesUnder(`${cache}/registry.npmjs.org/${name}/${version}`)) {
      entries.push({
        name: `cache/${path}/${file}`,
        bytes: await Deno.readFile(`${cache}/registry.npmjs.org/${name}/${version}/${file}`),
      });
    }
  }
  return entries;
}

async function npmCache(root: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
    cwd: root,
    stdout: "piped",
    stderr: "inherit",
  }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { npmCache: string }).npmCache;
}

/** All files under a folder, sorted, relative to it. */
export async function filesUnder(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isFile) files.push(entry.name);
    if (entry.isDirectory) {
      for (const name of await filesUnder(`${folder}/${entry.name}`)) {
        files.push(`${entry.name}/${name}`);
      }
    }
  }
  return files.sort();
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/**
 * The shell script before the archive. It must not depend on the caller's PATH; it keeps it for the program. A cache
 * directory of someone else's is refused, because what lies there is executed.
 */
function header(options: {
  readonly id: string;
  readonly name: string;
  readonly entry: string;
  readonly flags: readonly string[];
}): string {
  const script = (offset: string) =>
    `#!/bin/sh
# ${options.name}: this script, and behind it a tar archive of Deno and the program. Made by tests/tools/compile.ts.
set -eu
fail() { echo "${options.name}: $1" >&2; exit 70; }
path_set=\${PATH+yes} path=\${PATH-}
PATH=/usr/bin:/bin:/usr/local/bin
if [ -n "\${XDG_CACHE_HOME-}" ]; then base=$XDG_CACHE_HOME/${options.name}
elif [ -n "\${HOME-}" ]; then base=$HOME/.cache/${options.name}
else base=\${TMPDIR:-/tmp}/${options.name}-$(id -u); fi
mkdir -p -m 700 "$base" 2>/dev/null || base=\${TMPDIR:-/tmp}/${options.name}-$(id -u)
mkdir -p -m 700 "$base" || fail "Cannot unpack: $base cannot be made"
[ -O "$base" ] && [ ! -L "$base" ] || fail "Cannot unpack: $base belongs to someone else"
dir=$base/${options.id}
if [ ! -d "$dir" ]; then
  new=$(mktemp -d "$base/new.XXXXXX") || fail "Cannot unpack: $base cannot be written"
  trap 'rm -rf "$new"' EXIT
  trap 'exit 70' HUP INT TERM
  tail -c +${offset} "$0" | tar -xof - -C "$new" || fail "Cannot unpack: writing to $base failed"
  if mv "$new" "$dir" 2>/dev/null; then rm -rf "$dir/\${new##*/}"; fi
  [ -x "$dir/deno" ] || fail "Cannot unpack: $dir is incomplete"
  trap - EXIT HUP INT TERM
fi
if [ -n "$path_set" ]; then PATH=$path; else unset PATH; fi
export DENO_DIR="$dir/cache" DENO_NO_UPDATE_CHECK=1
exec "$dir/deno" run --quiet --config="$dir/deno.json" --lock="$dir/deno.lock" --frozen \\
  ${options.flags.join(" ")} "$dir/${options.entry}" "$@"
`;
  // The script names the byte where the archive begins, which depends on the script's own length.
  const width = 8;
  const length = new TextEncoder().encode(script("0".repeat(width))).length;
  return script(String(length + 1).padStart(width, "0"));
}
