/** Other clients, built here for the benchmark or taken as installed. What cannot be had is named with the reason. */
import type { Smbd } from "../../harness/smbd.ts";
import { findTool, run } from "../../harness/tools.ts";
import { accountArguments } from "./samba.ts";
import type { Rate } from "./samples.ts";

/** How a peer protects what it sends. */
export type Protection = "off" | "sign" | "encrypt";

/** A program that was built into a folder of its own; `program` is null where it could not be. */
export interface Built {
  /** How it came about, or why it did not. */
  readonly told: string;
  readonly program: string | null;
}

const PEERS = decodeURIComponent(new URL("../peers/", import.meta.url).pathname);
/** Where Debian keeps golang-github-hirochachacha-go-smb2-dev. */
const DEBIAN_GO = "/usr/share/gocode";

/** Builds the program on go-smb2: from Debian's package where that is installed, otherwise as a Go module. */
export async function buildGoSmb2(folder: string): Promise<Built> {
  const program = `${folder}/gosmb2`;
  const debian = await exists(`${DEBIAN_GO}/src/github.com/hirochachacha/go-smb2`);
  const env: Record<string, string> = debian
    ? { GO111MODULE: "off", GOPATH: DEBIAN_GO, GOFLAGS: "" }
    : { GOFLAGS: "-mod=readonly" };
  const command = {
    args: ["build", "-buildvcs=false", "-o", program, "."],
    env,
    cwd: `${PEERS}gosmb2`,
  };
  const source = debian ? "Debian's golang-github-hirochachacha-go-smb2-dev" : "Go module v1.1.0";
  return await build({ name: "go-smb2", program, compiler: "go", command, source });
}

/** Builds the program on libsmbclient; the library is enough, its headers are not needed. */
export async function buildLibsmbclient(folder: string): Promise<Built> {
  const program = `${folder}/libsmbclient`;
  const source = `${PEERS}libsmbclient/main.c`;
  const args = ["-O2", "-Wall", "-o", program, source, "-l:libsmbclient.so.0"];
  return await build({
    name: "libsmbclient",
    program,
    compiler: "gcc",
    command: { args },
    source: "libsmbclient.so.0 by a C program",
  });
}

/** Times in milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

/** Times of all operations of users on their files, and of each command. */
export interface Times {
  readonly all: Quantiles;
  readonly commands: Readonly<Record<string, Quantiles>>;
}

/** What go-smb2's users saw. */
export interface GoUsers {
  readonly count: number;
  readonly failed: number;
  readonly seconds: number;
  readonly times: Times;
}

/** Many users by go-smb2, each on a connection of its own, and with an account of its own where the name has `####`. */
export async function goUsers(
  { program }: Built,
  smbd: Pick<Smbd, "host" | "port" | "shareName" | "user" | "password">,
  load: {
    readonly users: number;
    readonly stagger: number;
    readonly think: number;
    readonly seconds: number;
  },
): Promise<GoUsers | null> {
  if (program === null) return null;
  const flags: Readonly<Record<string, string | number>> = {
    address: `${smbd.host}:${smbd.port}`,
    share: smbd.shareName,
    user: smbd.user,
    password: smbd.password,
    work: "users",
    connections: load.users,
    stagger: load.stagger,
    think: load.think,
    seconds: load.seconds,
  };
  const args = Object.entries(flags).map(([name, value]) => `-${name}=${value}`);
  const { stdout, stderr, code } = await run(program, { args });
  if (code !== 0) {
    throw new Error(`Cannot measure go-smb2: it ended with ${code}: ${stderr.trim()}`);
  }
  return JSON.parse(stdout) as GoUsers;
}

async function build(plan: {
  readonly name: string;
  readonly program: string;
  readonly compiler: string;
  readonly command: Parameters<typeof run>[1];
  readonly source: string;
}): Promise<Built> {
  try {
    const { code, stderr } = await run(plan.compiler, plan.command);
    if (code === 0) return { told: `${plan.name}: ${plan.source}`, program: plan.program };
    const said = stderr.trim().split("\n").slice(-3).join("; ");
    return { told: `${plan.name}: not available, ${plan.compiler} said: ${said}`, program: null };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return {
      told: `${plan.name}: not available, ${plan.compiler} is not installed`,
      program: null,
    };
  }
}

/** What go-smb2 is asked to do. */
export interface GoWork {
  readonly work: "sequential" | "reads";
  readonly file: string;
  /** Blocks of 4 KiB in the file; 1 unless told. */
  readonly blocks?: number;
  /** 1 unless told. */
  readonly connections?: number;
  /** In flight on each connection; 1 unless told. */
  readonly depth?: number;
}

/** Runs the program on go-smb2. */
export async function goSmb2(
  { program }: Built,
  smbd: Smbd,
  work: GoWork & { readonly seconds: number },
): Promise<Rate | null> {
  if (program === null) return null;
  const flags: Readonly<Record<string, string | number>> = {
    address: `${smbd.host}:${smbd.port}`,
    share: smbd.shareName,
    user: smbd.user,
    password: smbd.password,
    connections: 1,
    depth: 1,
    ...work,
  };
  const args = Object.entries(flags).map(([name, value]) => `-${name}=${value}`);
  return await reported(program, { args });
}

/** Runs the program on libsmbclient: open, read 4 KiB, close. */
export async function libsmbclient(
  { program }: Built,
  smbd: Smbd,
  work: { readonly file: string; readonly seconds: number; readonly signed: boolean },
): Promise<Rate | null> {
  if (program === null) return null;
  // The library takes its settings from the smb.conf of the home folder.
  const home = await Deno.makeTempDir({ prefix: "smbench-libsmbclient-" });
  try {
    await Deno.mkdir(`${home}/.smb`);
    const signing = work.signed ? "required" : "if_required";
    await Deno.writeTextFile(`${home}/.smb/smb.conf`, `[global]\nclient signing = ${signing}\n`);
    const url = `smb://${smbd.host}:${smbd.port}/${smbd.shareName}/${work.file}`;
    return await reported(program, {
      args: [url, smbd.user, smbd.password, String(work.seconds)],
      env: { HOME: home },
    });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** MiB per second of one transfer by smbclient, as it reports them; null where it is not installed. */
export async function smbclientTransfer(
  smbd: Smbd,
  transfer: {
    readonly direction: "read" | "write";
    readonly protection: Protection;
    /** On the share. */
    readonly file: string;
    /** Where writes take it from. */
    readonly local: string;
  },
): Promise<Rate | null> {
  const program = findTool("smbclient");
  if (program === undefined) return null;
  const command = transfer.direction === "read"
    ? `get ${transfer.file} /dev/null`
    : `put ${transfer.local} ${transfer.file}`;
  const { code, stdout, stderr } = await run(program, {
    args: [
      ...accountArguments(smbd),
      `--client-protection=${transfer.protection}`,
      "-c",
      command,
    ],
  });
  const found = /\(([\d.]+) (?:KiloBytes\/sec|kb\/s)\)/.exec(`${stdout}\n${stderr}`)?.[1];
  if (code !== 0 || found === undefined) {
    throw new Error(`Cannot ${transfer.direction} by smbclient: ${stdout}${stderr}`);
  }
  return { perSecond: Number(found) / 1024, cpuMicros: null };
}

async function reported(program: string, command: Parameters<typeof run>[1]): Promise<Rate> {
  const { code, stdout, stderr } = await run(program, command);
  if (code !== 0) throw new Error(`Cannot measure ${program}: ${stderr}`);
  const { count, seconds, cpuMicros } = JSON.parse(stdout) as Record<string, number>;
  if (count === undefined || seconds === undefined || cpuMicros === undefined) {
    throw new Error(`Cannot measure ${program}: it printed ${stdout}`);
  }
  return { perSecond: count / seconds, cpuMicros: cpuMicros / count };
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
