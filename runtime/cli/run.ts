/** `smbench run`: a scenario or workload against a target. */
import { printable } from "../report/mod.ts";
import { duration, type NameMapping } from "../script/mod.ts";
import { type Account, type Accounts, accountsOf, readAccounts } from "./accounts.ts";
import { type Command, type Given, UsageError } from "./command.ts";
import { type EmbeddedTarget, startEmbedded } from "./embedded.ts";
import type { ExitCode } from "./exit_codes.ts";
import { LOAD_OPTIONS } from "./load.ts";
import { paramsHelp, readSubject, type Subject } from "./subject.ts";
import { readPassword } from "./password.ts";
import { MAP_OPTION, readMapping } from "./map_file.ts";
import { PROVISION_OPTIONS, provisionOf } from "./provision_options.ts";
import { OUTPUT_OPTIONS } from "./outputs.ts";
import { ScenarioRun, type Settings } from "./scenario_run.ts";
import { THRESHOLD_OPTION } from "./thresholds.ts";
import { parseTarget, parseUser, type Target, targetText } from "./target.ts";
import type { Terminal } from "./terminal.ts";

/** Refused operations that are listed. */
const MAX_REFUSED = 20;

/** What carries the operations out. */
const BACKENDS = ["native", "marsaud"] as const;

/** `smbench run`. */
export const runCommand: Command = {
  name: "run",
  operands: [{ name: "scenario.ts|workload.json" }],
  details: [
    "Runs a scenario in a sandbox that reaches the target and nothing else, and says what came of it. Without --target it runs against a server in memory.",
    "With --backend marsaud the npm package @marsaud/smb2 carries the operations out: plain files over 2.0.2 and 2.1, without signing, leases, locks, FSCTLs and compounds. A workload with anything else is refused before the run; a scenario is stopped at the first operation that is, with exit code 2.",
    "Where SMBENCH_ALLOW_TARGETS is set (names with *, separated by commas), other servers are refused.",
    "The password comes from SMBENCH_PASSWORD, from --password-file, or from a prompt; never from the command line. With a scenario, --help lists its parameters too.",
  ],
  options: [
    { name: "target", short: "t", value: "URL", help: "smb://host[:port]/share[/directory]" },
    { name: "user", short: "U", value: "NAME", help: "user, or DOMAIN\\user; user#### for many" },
    { name: "domain", value: "NAME", help: "domain of the user" },
    { name: "password-file", value: "FILE", help: "file whose first line is the password" },
    { name: "anonymous", help: "log in without user and password" },
    {
      name: "set",
      short: "s",
      value: "NAME=VALUE",
      many: true,
      help: "value of a parameter of the scenario",
    },
    { name: "speed", value: "N", help: "play recorded times N times as fast; 1 unless given" },
    { name: "asap", help: "keep the order of operations, not their times" },
    {
      name: "causal",
      help: "keep think times after the answers before: a faster server shortens the run",
    },
    {
      name: "max-idle",
      value: "TIME",
      help: "longest time without any operation; what follows keeps its distances",
    },
    {
      name: "from",
      value: "TIME",
      help: "recorded second from which on times are kept; what is before just comes first",
    },
    { name: "to", value: "TIME", help: "recorded second after which nothing is sent" },
    { name: "loop", value: "N", help: "play the scenario N times, one after the other" },
    { name: "step", help: "show each operation, and send it when Enter is pressed" },
    { name: "dry-run", help: "check everything and list the operations; send nothing" },
    ...LOAD_OPTIONS,
    { name: "timeout", value: "TIME", help: "longest wait for a response; 60s unless given" },
    { name: "root", value: "DIR", help: "directory of the share under which all paths lie" },
    {
      name: "outside-root",
      help: "let a script that names paths itself leave that directory",
    },
    {
      name: "map-share",
      value: "OLD=NEW",
      many: true,
      help: "share of the target that stands for a captured one",
    },
    MAP_OPTION,
    ...PROVISION_OPTIONS,
    { name: "backend", value: "NAME", help: `what carries operations out: ${BACKENDS.join(", ")}` },
    {
      name: "no-preflight",
      help: "do not log in once before the run to see whether the target is there",
    },
    {
      name: "keylog",
      value: "FILE",
      help:
        "append the session keys, as Wireshark's smb2_seskey_list has them: whoever has the file can read the run's encrypted traffic",
    },
    ...OUTPUT_OPTIONS,
    THRESHOLD_OPTION,
    {
      name: "on-invariant",
      value: "WHAT",
      help: "fail: files left open and operations that are stuck fail the run; log unless given",
    },
    { name: "json", help: "write the report as JSON" },
    { name: "quiet", short: "q", help: "no log, no progress" },
  ],
  examples: [
    "smbench run lease_break.ts",
    "smbench run customer.ts --target smb://lab/share -U LAB\\\\alice --speed 2",
    "smbench run office_mix.ts --set users=20 --json > result.json",
  ],
  help,
  run,
};

async function help(given: Given): Promise<string> {
  const [path] = given.operands;
  return path === undefined ? "" : await paramsHelp(await readSubject(path), path);
}

async function run(given: Given, terminal: Terminal): Promise<ExitCode> {
  const [path = ""] = given.operands;
  const settings = readSettings(given, await readMapping(given));
  const subject = await readSubject(path);
  if (settings.backend === "marsaud") await refuseWorkload(subject, path);
  for (const warning of subject.warnings) terminal.err(`warning: ${printable(warning)}\n`);
  const named = given.value("target");
  if (named === undefined) {
    await using embedded: EmbeddedTarget = startEmbedded();
    const { target, account } = embedded;
    return await new ScenarioRun({
      given,
      terminal,
      subject,
      path,
      settings,
      target,
      accounts: accountsOf(account),
      embedded: true,
    }).run();
  }
  const target = parseTarget(named);
  refuseOthers(target, terminal.env(TARGETS_VARIABLE));
  const accounts = await readAllAccounts(given, { terminal, target });
  return await new ScenarioRun({
    given,
    terminal,
    subject,
    path,
    settings,
    target,
    accounts,
    embedded: false,
  }).run();
}

/** The environment variable that has the servers that may be targets: names with `*`, separated by commas. */
const TARGETS_VARIABLE = "SMBENCH_ALLOW_TARGETS";

/** @throws {UsageError} When the target is none of those that are allowed. */
function refuseOthers({ hostname }: Target, allowed: string | undefined): void {
  if (allowed === undefined) return;
  const names = allowed.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const fits = names.some((name) => {
    const pattern = name.split("*").map((part) => RegExp.escape(part)).join(".*");
    return new RegExp(`^${pattern}$`, "i").test(hostname);
  });
  if (fits) return;
  throw new UsageError(
    `Cannot run against ${hostname}: ${TARGETS_VARIABLE} allows ${
      names.length === 0 ? "no server" : `only ${names.join(", ")}`
    }`,
  );
}

/** @throws {UsageError} When the package cannot carry out all of a workload. A scenario's operations are not known yet. */
async function refuseWorkload(subject: Subject, path: string): Promise<void> {
  if (subject.workload === null) return;
  const { unsupportedWorkload } = await import("../client/marsaud/mod.ts");
  const refused = unsupportedWorkload(
    subject.workload.operations.map((operation) =>
      operation.smb2 === undefined
        ? operation
        : { op_id: operation.op_id, kind: `captured ${operation.smb2.kind}` }
    ),
  );
  if (refused.length === 0) return;
  const shown = refused.slice(0, MAX_REFUSED).map(({ op_id: id, kind, reason }) =>
    `  ${printable(id)} ${kind}: ${printable(reason)}`
  );
  const more = refused.length - shown.length;
  throw new UsageError(
    [
      `Cannot run ${path} with --backend marsaud: it cannot carry out`,
      ...shown,
      ...more > 0 ? [`  and ${more} more`] : [],
    ].join("\n"),
    { hint: "run it with the native back end" },
  );
}

function readSettings(given: Given, names: NameMapping): Settings {
  const speedText = given.value("speed");
  const asap = given.has("asap");
  if (asap && speedText !== undefined) {
    throw new UsageError("Cannot run with --speed and --asap: --asap keeps no times");
  }
  const speed = speedText === undefined ? 1 : Number(speedText);
  if (!Number.isFinite(speed) || speed <= 0) {
    throw new UsageError(`Cannot run with --speed ${speedText}: a positive number is needed`);
  }
  const causal = given.has("causal");
  const maxIdle = secondsOf(given, "max-idle");
  const from = secondsOf(given, "from");
  const to = secondsOf(given, "to");
  for (const [name, used] of [["causal", causal], ["max-idle", maxIdle !== undefined]] as const) {
    if (asap && used) {
      throw new UsageError(`Cannot run with --${name} and --asap: --asap keeps no times`);
    }
  }
  const loop = given.value("loop");
  if (loop !== undefined && !/^[1-9]\d{0,6}$/.test(loop)) {
    throw new UsageError(`Cannot run with --loop ${loop}: a whole number is needed`);
  }
  if (to !== undefined && to <= (from ?? 0)) {
    throw new UsageError(`Cannot run from ${from ?? 0} s to ${to} s: the window is empty`);
  }
  return {
    backend: backendOf(given.value("backend")),
    speed,
    asap,
    causal,
    ...maxIdle === undefined ? {} : { maxIdle },
    ...from === undefined ? {} : { from },
    ...to === undefined ? {} : { to },
    ...loop === undefined ? {} : { loop: Number(loop) },
    ...given.has("dry-run") ? { dryRun: true } : {},
    ...given.has("outside-root") ? { outsideRoot: true } : {},
    timeout: timeoutOf(given.value("timeout")),
    params: pairs(given.values("set"), "set"),
    shares: { ...lowered(names.shares), ...lowered(pairs(given.values("map-share"), "map-share")) },
    paths: names.paths,
    provision: provisionOf(given),
    verify: given.has("verify"),
  };
}

/** @throws {UsageError} When the option's value is no time. */
function secondsOf(given: Given, name: string): number | undefined {
  const text = given.value(name);
  if (text === undefined) return undefined;
  try {
    return duration(text);
  } catch {
    throw new UsageError(`Cannot run with --${name} ${text}: a time such as 1.5s is needed`);
  }
}

/** Names without case: of equal ones the last counts. */
function lowered(names: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(names).map(([from, to]) => [from.toLowerCase(), to]));
}

function backendOf(name: string = BACKENDS[0]): Settings["backend"] {
  const backend = BACKENDS.find((one) => one === name);
  if (backend === undefined) {
    throw new UsageError(`Cannot run with --backend ${name}: known are ${BACKENDS.join(", ")}`);
  }
  return backend;
}

function timeoutOf(text: string | undefined): number {
  if (text === undefined) return 60;
  const seconds = (() => {
    try {
      return duration(text);
    } catch {
      return 0;
    }
  })();
  if (seconds <= 0) {
    throw new UsageError(`Cannot run with --timeout ${text}: a time such as 30s is needed`);
  }
  return seconds;
}

function pairs(texts: readonly string[], option: string): Record<string, string> {
  return Object.fromEntries(texts.map((text) => {
    const at = text.indexOf("=");
    if (at <= 0) {
      throw new UsageError(`Cannot use --${option} ${JSON.stringify(text)}: NAME=VALUE is needed`);
    }
    return [text.slice(0, at), text.slice(at + 1)];
  }));
}

async function readAllAccounts(
  given: Given,
  about: { readonly terminal: Terminal; readonly target: Target },
): Promise<Accounts> {
  const file = given.value("users-csv");
  if (file === undefined) return accountsOf(await readAccount(given, about));
  for (const other of ["user", "password-file"]) {
    if (given.value(other) !== undefined) {
      throw new UsageError(`Cannot run with --users-csv and --${other}: the file has the accounts`);
    }
  }
  return await readAccounts(file, given.value("domain") ?? "");
}

async function readAccount(
  given: Given,
  about: { readonly terminal: Terminal; readonly target: Target },
): Promise<Account> {
  const named = given.value("user") ?? about.target.user ?? undefined;
  if (given.has("anonymous")) {
    if (named !== undefined) {
      throw new UsageError("Cannot log in as a user and anonymously at once");
    }
    return { user: "", domain: "", password: "" };
  }
  if (named === undefined) {
    throw new UsageError(`Cannot log in to ${targetText(about.target)}: no user is named`, {
      hint: "name one with -U, or log in with --anonymous",
    });
  }
  const { user, domain } = parseUser(named, given.value("domain"));
  const password = await readPassword(about.terminal, { file: given.value("password-file"), user });
  return { user, domain, password };
}
