// deno-lint-ignore-file no-console
/**
 * The client beside other clients against one private Samba:
 * `deno run -A tests/bench/peers_bench.ts [--quick] [--seconds 2] [--rounds 5] [--only text]`.
 *
 * Both sides of each line alternate (A B A B). Printed are medians, the ratio of medians with the least and the most of
 * the single pairs, and the ratio to reach. Work of one request at a time has client and server on one processor, which
 * takes most of the spread away; everything else has all processors. Peers that cannot be had are named, and so is the
 * load of the machine at the start and at the end.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { type Smbd, startSmbd } from "../harness/smbd.ts";
import { missingTools, run } from "../harness/tools.ts";
import {
  BLOCK,
  contendedOpens,
  echoes,
  openReadClose,
  randomReads,
  transfer,
} from "./lib/own_work.ts";
import {
  buildGoSmb2,
  buildLibsmbclient,
  type Built,
  goSmb2,
  libsmbclient,
  type Protection,
  smbclientTransfer,
} from "./lib/peers.ts";
import { pin, smbtorture } from "./lib/samba.ts";
import { median, type OwnRate, type Rate, type Ratio, ratioOf } from "./lib/samples.ts";
import { v8Flags } from "./lib/task_flags.ts";

const MIB = 1024 * 1024;
const KIB = 1024;
const SMALL = "small.bin";
const RANDOM = "random.bin";
const LONG = "long.bin";
const WRITTEN = "written.bin";
/** Blocks of the file for random reads: 16 MiB, which the page cache holds. */
const BLOCKS = 4096;
const IDLE_TARGET_KIB = 40;

interface Settings {
  readonly seconds: number;
  readonly rounds: number;
  readonly mebibytes: number;
  readonly sessions: number;
}

interface Comparison {
  readonly title: string;
  readonly peer: string;
  /** The ratio to reach; absent where the line is only told. */
  readonly target?: number;
  /** The most of the peer's processor time for one of it that ours may take. */
  readonly cpuTarget?: number;
  readonly unit?: "MiB/s";
  /** Client and server on one processor. */
  readonly pinned?: boolean;
  readonly ours: () => Promise<OwnRate>;
  readonly theirs: () => Promise<Rate | null>;
}

const WORDS: Readonly<Record<Protection, string>> = {
  off: "unsigned",
  sign: "signed (GMAC)",
  encrypt: "encrypted",
};

interface Bench {
  readonly smbd: Smbd;
  readonly settings: Settings;
  readonly go: Built;
  readonly library: Built;
}

function sequential({ smbd, settings: { seconds }, go, library }: Bench): Comparison[] {
  const title = "open, read 4 KiB, close";
  function line(protection: "off" | "sign", peer: Omit<Comparison, "title" | "ours">): Comparison {
    return {
      ...peer,
      title: `${title}, ${WORDS[protection]}`,
      pinned: true,
      ours: () => openReadClose(smbd, { file: SMALL, protection, seconds }),
    };
  }
  return [
    line("off", {
      peer: "libsmbclient",
      target: 1,
      theirs: () => libsmbclient(library, smbd, { file: SMALL, seconds, signed: false }),
    }),
    line("sign", {
      peer: "libsmbclient",
      theirs: () => libsmbclient(library, smbd, { file: SMALL, seconds, signed: true }),
    }),
    line("sign", {
      peer: "go-smb2",
      target: 1,
      theirs: () => goSmb2(go, smbd, { work: "sequential", file: SMALL, seconds }),
    }),
  ];
}

function overlapped({ smbd, settings: { seconds }, go }: Bench): Comparison[] {
  function line(
    shape: { readonly connections: number; readonly depth: number },
    protection: "off" | "sign",
    targets: Pick<Comparison, "target" | "cpuTarget">,
  ): Comparison {
    const { connections, depth } = shape;
    const work = { file: RANDOM, blocks: BLOCKS, connections, depth, seconds };
    return {
      ...targets,
      title: `4 KiB reads, ${connections} x ${depth} in flight, ${WORDS[protection]}`,
      peer: "go-smb2",
      ours: () => randomReads(smbd, { ...work, protection }),
      theirs: () => goSmb2(go, smbd, { work: "reads", ...work }),
    };
  }
  const one = { connections: 1, depth: 32 };
  const four = { connections: 4, depth: 8 };
  return [
    line(one, "off", { target: 1.2, cpuTarget: 0.5 }),
    line(one, "sign", { target: 1, cpuTarget: 1 }),
    line(four, "off", { target: 1.5 }),
    line(four, "sign", { target: 1.5 }),
  ];
}

function transfers({ smbd, settings: { mebibytes } }: Bench): Comparison[] {
  const targets: Readonly<Record<Protection, number>> = { off: 0.8, sign: 0.4, encrypt: 0.45 };
  function line(direction: "read" | "write", protection: Protection): Comparison {
    const file = direction === "read" ? LONG : WRITTEN;
    const local = `${smbd.shareDirectory}/${LONG}`;
    return {
      title: `${direction} ${mebibytes} MiB, ${WORDS[protection]}`,
      peer: "smbclient",
      target: targets[protection],
      unit: "MiB/s",
      ours: () => transfer(smbd, { direction, file, mebibytes, protection }),
      theirs: () => smbclientTransfer(smbd, { direction, protection, file, local }),
    };
  }
  const protections: readonly Protection[] = ["off", "sign", "encrypt"];
  return (["read", "write"] as const).flatMap((direction) =>
    protections.map((protection) => line(direction, protection))
  );
}

function besideTorture({ smbd, settings: { seconds } }: Bench): Comparison[] {
  async function torture(
    name: string,
    shape: { readonly connections: number; readonly depth: number; readonly pattern: RegExp },
  ): Promise<Rate | null> {
    const options = [`nprocs=${shape.connections}`, `qdepth=${shape.depth}`];
    const rate = await smbtorture(smbd, seconds, { name, options, pattern: shape.pattern });
    return rate === null ? null : { perSecond: rate, cpuMicros: null };
  }
  return [
    {
      title: "echo, 32 in flight",
      peer: "smbtorture",
      target: 0.7,
      ours: () => echoes(smbd, { depth: 32, seconds }),
      theirs: () =>
        torture("smb2.bench.echo", {
          connections: 1,
          depth: 32,
          pattern: /echo\[num\/s=([\d.]+)/g,
        }),
    },
    {
      title: "open, close of one path, 4 connections",
      peer: "smbtorture",
      target: 0.9,
      ours: () => contendedOpens(smbd, { connections: 4, seconds }),
      theirs: () =>
        torture("smb2.bench.path-contention-shared", {
          connections: 4,
          depth: 1,
          pattern: /open\[num\/s=([\d.]+)/g,
        }),
    },
  ];
}

/** Runs both sides in turn and prints a line. */
async function compare(line: Comparison, { smbd, settings }: Bench): Promise<void> {
  const everywhere = `0-${navigator.hardwareConcurrency - 1}`;
  const pinned = line.pinned === true ? "0" : everywhere;
  await pin(smbd, { client: pinned, server: pinned });
  const ours: OwnRate[] = [];
  const theirs: Rate[] = [];
  for (let round = 0; round < settings.rounds; round++) {
    ours.push(await line.ours());
    const other = await line.theirs();
    if (other !== null) theirs.push(other);
  }
  const unit = line.unit ?? "/s";
  const mine = median(ours.map(({ perSecond }) => perSecond));
  const text = `${line.title.padEnd(44)} ${number(mine, unit)} ${cpuOf(ours, unit)}`;
  if (theirs.length === 0) {
    console.log(`${text}  ${line.peer}: not available`);
    return;
  }
  const other = median(theirs.map(({ perSecond }) => perSecond));
  const ratio = ratioOf(ours.map((rate) => rate.perSecond), theirs.map((rate) => rate.perSecond));
  console.log(
    `${text}  ${line.peer.padEnd(12)} ${number(other, unit)} ${cpuOf(theirs, unit)}  ${
      judged(ratio, line.target, ">=")
    }${cpuRatio(ours, theirs, line.cpuTarget)}`,
  );
}

/** The ratio of processor time, where the peer tells its own. */
function cpuRatio(
  ours: readonly Rate[],
  theirs: readonly Rate[],
  target: number | undefined,
): string {
  const [mine, other] = [cpuTimes(ours), cpuTimes(theirs)];
  if (mine.length === 0 || other.length === 0) return "";
  return `  CPU ${judged(ratioOf(mine, other), target, "<=")}`;
}

function cpuTimes(rates: readonly Rate[]): number[] {
  return rates.flatMap(({ cpuMicros }) => cpuMicros ?? []);
}

function cpuOf(rates: readonly Rate[], unit: string): string {
  const times = cpuTimes(rates);
  if (times.length === 0) return " ".repeat(13);
  return `${median(times).toFixed(unit === "/s" ? 1 : 0).padStart(7)} us CPU`;
}

function number(value: number, unit: string): string {
  return `${value.toFixed(0).padStart(7)} ${unit.padEnd(5)}`;
}

function judged(
  { ratio, least, most }: Ratio,
  target: number | undefined,
  sign: ">=" | "<=",
): string {
  const text = `${ratio.toFixed(2)} (${least.toFixed(2)}..${most.toFixed(2)})`;
  if (target === undefined) return text;
  const met = sign === ">=" ? ratio >= target : ratio <= target;
  return `${text} ${sign} ${target} ${met ? "yes" : "NO"}`;
}

/** What an idle session takes, measured in a process of its own. */
async function idleSessions({ smbd, settings }: Bench): Promise<void> {
  const script = decodeURIComponent(new URL("./lib/idle_sessions.ts", import.meta.url).pathname);
  const account = [String(smbd.port), smbd.shareName, smbd.user, smbd.password];
  const { code, stdout, stderr } = await run(Deno.execPath(), {
    args: ["run", "-A", v8Flags("--expose-gc"), script].concat(
      account,
      String(settings.sessions),
    ),
  });
  if (code !== 0) throw new Error(`Cannot measure idle sessions: ${stderr}`);
  const { held = NaN, each = NaN, young = NaN } = JSON.parse(stdout) as Record<string, number>;
  const title = `memory of ${settings.sessions} idle sessions, each`;
  const [kib, plain, part] = [held, each, young].map((bytes) => (bytes / KIB).toFixed(1));
  console.log(
    `${title.padEnd(44)} ${kib?.padStart(7)} KiB  <= ${IDLE_TARGET_KIB} ${
      held / KIB <= IDLE_TARGET_KIB ? "yes" : "NO"
    }  (with the heap compacted; without a collection ${plain}, ${part} of it V8's young generation)`,
  );
}

/** Load averages of 1, 5 and 15 minutes. */
function load(): string {
  return Deno.loadavg().map((value) => value.toFixed(2)).join(" ");
}

async function main(): Promise<number> {
  const flags = parseArgs(Deno.args, {
    boolean: ["quick"],
    string: ["seconds", "rounds", "only"],
  });
  if (missingTools(["smbd"]) !== undefined) {
    console.error("Cannot compare with other clients: smbd is not installed");
    return 1;
  }
  const settings: Settings = {
    seconds: Number(flags.seconds ?? (flags.quick ? 0.3 : 2)),
    rounds: Number(flags.rounds ?? (flags.quick ? 1 : 5)),
    mebibytes: flags.quick ? 64 : 512,
    sessions: flags.quick ? 100 : 1000,
  };
  const folder = await Deno.makeTempDir({ prefix: "smbench-peers-" });
  try {
    const go = await buildGoSmb2(folder);
    const library = await buildLibsmbclient(folder);
    await useMemory();
    await using smbd = await startSmbd();
    await fill(smbd, settings);
    const bench: Bench = { smbd, settings, go, library };
    console.log(`${go.told}\n${library.told}`);
    console.log(`Load at the start: ${load()}, processors: ${navigator.hardwareConcurrency}`);
    const lines = [
      ...sequential(bench),
      ...overlapped(bench),
      ...transfers(bench),
      ...besideTorture(bench),
    ];
    const only = flags.only ?? "";
    for (const line of lines) if (line.title.includes(only)) await compare(line, bench);
    if ("memory of idle sessions".includes(only)) await idleSessions(bench);
    console.log(`Load at the end: ${load()}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return 0;
}

/** Where there is a file system in memory, the server's files are there: disks are not what is compared. */
async function useMemory(): Promise<void> {
  try {
    if ((await Deno.stat("/dev/shm")).isDirectory) Deno.env.set("TMPDIR", "/dev/shm");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function fill(smbd: Smbd, { mebibytes }: Settings): Promise<void> {
  await Deno.writeFile(`${smbd.shareDirectory}/${SMALL}`, new Uint8Array(BLOCK).fill(7));
  await Deno.writeFile(`${smbd.shareDirectory}/${RANDOM}`, new Uint8Array(BLOCKS * BLOCK).fill(7));
  using file = await Deno.create(`${smbd.shareDirectory}/${LONG}`);
  const writer = file.writable.getWriter();
  for (let i = 0; i < mebibytes; i++) await writer.write(new Uint8Array(MIB).fill(i));
  writer.releaseLock();
}

if (import.meta.main) Deno.exit(await main());
