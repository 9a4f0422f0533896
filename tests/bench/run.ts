// deno-lint-ignore-file no-console
/**
 * All benchmarks, one after the other: `deno task bench [--quick] [name ...]`. A name is part of a file's name, `client`
 * or `wire`. `--quick` is a look at whether something became slower by a factor, not a measurement.
 *
 * A benchmark is a file `*_bench.ts` of this folder: with `Deno.bench` it runs by `deno bench`, otherwise by itself. Each
 * prints its own figures, and ratios to the tools that it measures in the same run.
 *
 * @module
 */
import { parseArgs } from "@std/cli";

const FOLDER = new URL("./", import.meta.url);
const CONFIG = decodeURIComponent(new URL("../../deno.json", import.meta.url).pathname);

/** What makes a benchmark short: arguments, and settings that it takes from the environment. */
interface Quick {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const QUICK: Readonly<Record<string, Quick>> = {
  client_bench: { args: ["--seconds", "0.3", "--rounds", "1"] },
  peers_bench: { args: ["--quick"] },
  samba_users_bench: {
    args: ["--users", "50", "--seconds", "4", "--stagger", "1", "--think", "2"],
  },
  timing_bench: { args: ["--rounds", "1", "--users", "100", "--seconds", "2"] },
  users_bench: { args: ["--seconds", "0.3", "--users", "1,50", "--idle", "200"] },
  compile_bench: { args: ["--size", "20", "--turns", "1"] },
  wire_bench: { args: ["--filter", "4 KiB"] },
};

/** Names of the benchmarks, without `.ts`. */
export function benchmarks(): string[] {
  return [...Deno.readDirSync(FOLDER)]
    .filter(({ isFile, name }) => isFile && name.endsWith("_bench.ts"))
    .map(({ name }) => name.replace(/\.ts$/, ""))
    .sort();
}

/** The command line of a benchmark. */
export function commandOf(name: string, quick: boolean): {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  const file = decodeURIComponent(new URL(`${name}.ts`, FOLDER).pathname);
  const { args = [], env = {} } = quick ? QUICK[name] ?? {} : {};
  const timed = Deno.readTextFileSync(file).includes("Deno.bench(");
  return {
    args: timed
      ? ["bench", "--allow-all", "--config", CONFIG, ...args, file]
      : ["run", "--allow-all", "--v8-flags=--expose-gc", "--config", CONFIG, file, ...args],
    env,
  };
}

async function main(): Promise<number> {
  const { quick, _: wanted } = parseArgs(Deno.args, { boolean: ["quick"] });
  const all = benchmarks();
  const names = wanted.length === 0
    ? all
    : all.filter((name) => wanted.some((part) => name.includes(String(part))));
  if (names.length === 0) {
    console.error(`Cannot run ${wanted.join(", ")}: there are ${all.join(", ")}`);
    return 2;
  }
  const failed: string[] = [];
  for (const name of names) {
    console.log(`\n== ${name}${quick ? " (quick)" : ""}`);
    const command = commandOf(name, quick === true);
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [...command.args],
      env: { ...command.env },
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    if (!success) failed.push(name);
  }
  if (failed.length > 0) console.error(`\nCannot finish ${failed.join(", ")}: see above`);
  return failed.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
