/**
 * Speed and memory of reading captures: `deno task bench compile`, or `deno run --allow-all` with this file.
 *
 * Makes a metadata-heavy and a data-heavy capture, and runs `inspect --operations`, `inspect` and `compile` as a user
 * does, tshark, and tcpdump on each, as processes of their own, in turns; medians of the times, ratios to tshark of the
 * same turn, and peak memory, also of a capture of a quarter of the size, to see whether it grows with it.
 *
 * - `--size MB` of each capture, 200 unless told; `--turns N`, 3 unless told
 * - `--load metadata|data` only one of them; `--only NAME` only programs whose names begin so, tshark besides
 */
import { parseArgs } from "@std/cli";
import { v8Flags } from "./lib/task_flags.ts";
import { type Load, writeSyntheticCapture } from "./synthetic_capture.ts";

interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: (path: string) => string[];
  /** Whether its memory on the smaller capture is told, too. */
  readonly ours: boolean;
}

interface Run {
  readonly seconds: number;
  readonly peakBytes: number;
}

const CLI = new URL("../../runtime/cli/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** How often the memory of a process is looked at, in milliseconds: its own peak is asked for. */
const LOOK = 20;

function ours(name: string, args: (path: string) => string[]): Program {
  const run = ["run", "--no-check", "--allow-all", v8Flags(), "--config", CONFIG, CLI];
  return { name, command: Deno.execPath(), args: (path) => [...run, ...args(path)], ours: true };
}

const PROGRAMS: readonly Program[] = [
  ours("inspect --operations", (path) => ["inspect", path, "--operations"]),
  ours("inspect", (path) => ["inspect", path, "--json"]),
  ours("compile", (path) => ["compile", path, "-o", `${path}.ts`, "--force"]),
  ours(
    "compile --emit json",
    (path) => ["compile", path, "--emit", "json", "-o", `${path}.json`, "-f"],
  ),
  {
    name: "tshark",
    command: "tshark",
    args: (path) => ["-r", path, "-Y", "smb2", "-T", "fields", ...fields()],
    ours: false,
  },
  {
    name: "tcpdump",
    command: "tcpdump",
    args: (path) => ["-r", path, "-w", "/dev/null"],
    ours: false,
  },
];

/** What a person asks tshark for when the operations are wanted. */
function fields(): string[] {
  const names = ["frame.number", "frame.time_epoch", "smb2.cmd", "smb2.msg_id", "smb2.nt_status"];
  return [...names, "smb2.filename", "smb2.fid"].flatMap((name) => ["-e", name]);
}

/** Null where the program is not on this machine, or fails. */
async function timed(program: Program, path: string): Promise<Run | null> {
  const start = performance.now();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program.command, {
      args: program.args(path),
      stdout: "null",
      stderr: "null",
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  let peakBytes = 0;
  const looking = setInterval(() => peakBytes = Math.max(peakBytes, peakOf(child.pid)), LOOK);
  const { success } = await child.status;
  clearInterval(looking);
  return success ? { seconds: (performance.now() - start) / 1000, peakBytes } : null;
}

/** The most memory that a process has had so far; 0 once it is gone, and where the system does not tell. */
function peakOf(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? "0") * 1024;
  } catch {
    return 0;
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

interface Settings {
  readonly bytes: number;
  readonly turns: number;
  readonly programs: readonly Program[];
}

async function measure(load: Load, directory: string, settings: Settings): Promise<void> {
  const { bytes, turns, programs } = settings;
  const path = `${directory}/${load}.pcap`;
  const quarter = `${directory}/${load}_quarter.pcap`;
  writeSyntheticCapture(path, load, bytes);
  writeSyntheticCapture(quarter, load, bytes / 4);
  const { size } = await Deno.stat(path);
  const rounds: Map<string, Run>[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const round = new Map<string, Run>();
    for (const program of programs) {
      const run = await timed(program, path);
      if (run !== null) round.set(program.name, run);
    }
    rounds.push(round);
  }
  print(`${load}: ${(size / 1e6).toFixed(0)} MB, load of the machine ${loadText()}`);
  for (const program of programs) {
    const { name } = program;
    const runs = rounds.flatMap((round) => round.get(name) ?? []);
    if (runs.length === 0) {
      print(`  ${name.padEnd(22)} not on this machine, or it failed`);
      continue;
    }
    const ratios = rounds.flatMap((round) => {
      const [own, other] = [round.get(name), round.get("tshark")];
      return own === undefined || other === undefined ? [] : [other.seconds / own.seconds];
    });
    const speed = `${(size / 1e6 / median(runs.map(({ seconds }) => seconds))).toFixed(1)} MB/s`;
    const ratio = ratios.length === 0 ? "" : `${median(ratios).toFixed(1)} x tshark`;
    const peak = Math.max(...runs.map(({ peakBytes }) => peakBytes));
    const small = program.ours ? await timed(program, quarter) : null;
    const memory = `peak ${megabytes(peak)} MB${
      small === null ? "" : `, of a quarter of the file ${megabytes(small.peakBytes)} MB`
    }`;
    print(`  ${name.padEnd(22)} ${speed.padStart(12)}  ${ratio.padStart(14)}  ${memory}`);
  }
  await Deno.remove(path);
  await Deno.remove(quarter);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function loadText(): string {
  return Deno.loadavg().map((load) => load.toFixed(1)).join(" ");
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

const given = parseArgs(Deno.args, { string: ["size", "turns", "load", "only"] });
const directory = await Deno.makeTempDir({ prefix: "smbench_bench_" });
try {
  for (const load of ["metadata", "data"] as const) {
    if (given.load !== undefined && given.load !== load) continue;
    await measure(load, directory, {
      bytes: Number(given.size ?? "200") * 1e6,
      turns: Number(given.turns ?? "3"),
      programs: PROGRAMS.filter(({ name }) =>
        name === "tshark" || name.startsWith(given.only ?? "")
      ),
    });
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}
