/**
 * Speed and memory of reading captures: `deno task bench compile`, or `deno run --allow-all` with this file.
 *
 * Makes a metadata-heavy and a data-heavy capture, and runs `inspect --operations`, `compile`, tshark and tcpdump on each
 * as processes of their own, in turns; medians of the times, ratios to tshark, and peak memory. The size is
 * SMBENCH_BENCH_MB, 200 unless told.
 */
import { type Load, writeSyntheticCapture } from "./synthetic_capture.ts";

/** Turns: each program once a turn, so that a busy machine is busy for all. */
const TURNS = 3;

const MEGABYTES = Number(Deno.env.get("SMBENCH_BENCH_MB") ?? "200");

interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: (path: string) => string[];
}

interface Run {
  readonly seconds: number;
  readonly peakBytes: number | null;
}

const ONCE = new URL("./compile_once.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

function ours(mode: "inspect" | "compile"): Program {
  const name = mode === "inspect" ? "inspect --operations" : "compile";
  const run = ["run", "--no-check", "--allow-all", "--config", CONFIG, ONCE, mode];
  return { name, command: Deno.execPath(), args: (path) => [...run, path] };
}

const PROGRAMS: readonly Program[] = [
  ours("inspect"),
  ours("compile"),
  {
    name: "tshark",
    command: "tshark",
    args: (path) => ["-r", path, "-Y", "smb2", "-T", "fields", ...fields()],
  },
  { name: "tcpdump", command: "tcpdump", args: (path) => ["-r", path, "-w", "/dev/null"] },
];

/** What a person asks tshark for when the operations are wanted. */
function fields(): string[] {
  const names = ["frame.number", "frame.time_epoch", "smb2.cmd", "smb2.msg_id", "smb2.nt_status"];
  return [...names, "smb2.filename", "smb2.fid"].flatMap((name) => ["-e", name]);
}

async function timed(program: Program, path: string): Promise<Run | null> {
  const start = performance.now();
  try {
    const output = await new Deno.Command(program.command, {
      args: program.args(path),
      stdout: stdoutOf(program),
      stderr: "null",
    }).output();
    const seconds = (performance.now() - start) / 1000;
    if (!output.success) return null;
    if (stdoutOf(program) === "null") return { seconds, peakBytes: null };
    const { peakBytes } = JSON.parse(new TextDecoder().decode(output.stdout));
    return { seconds, peakBytes };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Ours print their figures; what the others print is not looked at. */
function stdoutOf(program: Program): "piped" | "null" {
  return program.command === Deno.execPath() ? "piped" : "null";
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

async function measure(load: Load, directory: string): Promise<void> {
  const path = `${directory}/${load}.pcap`;
  writeSyntheticCapture(path, load, MEGABYTES * 1e6);
  const { size } = await Deno.stat(path);
  const runs = new Map<string, Run[]>();
  for (let turn = 0; turn < TURNS; turn++) {
    for (const program of PROGRAMS) {
      const run = await timed(program, path);
      if (run === null) continue;
      const list = runs.get(program.name) ?? [];
      list.push(run);
      runs.set(program.name, list);
    }
  }
  const seconds = (name: string) => {
    const list = runs.get(name);
    return list === undefined ? undefined : median(list.map((run) => run.seconds));
  };
  const tshark = seconds("tshark");
  print(`${load}: ${(size / 1e6).toFixed(0)} MB`);
  for (const { name } of PROGRAMS) {
    const time = seconds(name);
    if (time === undefined) {
      print(`  ${name.padEnd(22)} not on this machine`);
      continue;
    }
    const peaks = runs.get(name)!.flatMap(({ peakBytes }) => peakBytes === null ? [] : [peakBytes]);
    const ratio = tshark === undefined ? "" : `${(tshark / time).toFixed(1)} x tshark`;
    const memory = peaks.length === 0 ? "" : `peak ${(Math.max(...peaks) / 1e6).toFixed(0)} MB`;
    const speed = `${(size / 1e6 / time).toFixed(1)} MB/s`;
    print(`  ${name.padEnd(22)} ${speed.padStart(12)}  ${ratio.padStart(14)}  ${memory}`);
  }
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

const directory = await Deno.makeTempDir({ prefix: "smbench_bench_" });
try {
  for (const load of ["metadata", "data"] as const) await measure(load, directory);
} finally {
  await Deno.remove(directory, { recursive: true });
}
