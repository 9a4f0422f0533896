/**
 * Runs the subtests of a suite with smbtorture, and their scenarios with SMBench, against the same server.
 *
 * @module
 */

import { ExitCode } from "../../../runtime/cli/exit_codes.ts";
import { smbench } from "../../cli/harness.ts";
import { type Smbd, startSmbd } from "../../harness/smbd.ts";
import { requireTool } from "../../harness/tools.ts";
import type { ScenarioFile, Suite, SuiteSettings } from "./catalogue.ts";
import { EXCEPTIONS } from "./exceptions.ts";
import { type Pair, parseTorture, type Verdict } from "./verdicts.ts";

const TORTURE_WITHIN_MS = 60_000;

/**
 * How often a subtest is run that says nothing, or something else than expected: smbtorture waits for ever for a change
 * that Samba's notify daemon has missed, as it may when a watch is new, and has limits that a busy machine exceeds.
 */
const TORTURE_ATTEMPTS = 3;

/** Pairs at once; more of them would make each other late. */
const LANES = 6;

/** How a scenario ended, and what it said. */
interface Ended {
  readonly verdict: Verdict;
  readonly said: string;
}

/** Both ends of one subtest, and what smbtorture said. */
export interface RunPair extends Pair {
  readonly tortureSaid: string;
}

/**
 * Runs every scenario and its subtest, one after the other against one server; several such pairs at once, each against
 * a server of its own, because smbtorture spends its time waiting and its subtests share directories.
 *
 * @returns The pairs by name of the suite.
 */
export async function runCatalogue(
  catalogue: readonly Suite[],
  settings: Readonly<Record<string, SuiteSettings>>,
): Promise<Map<string, RunPair[]>> {
  const queues = catalogue.map((suite) => queueOf(suite, settings[suite.name] ?? {}));
  // What holds up the end is begun first.
  queues.sort((a, b) => (b.settings.first?.length ?? 0) - (a.settings.first?.length ?? 0));
  const lane = async () => {
    for (const { suite, files, settings, pairs } of queues) {
      if (files.length === 0) continue;
      await using smbd = await startSmbd(settings.smbd);
      for (let file = files.shift(); file !== undefined; file = files.shift()) {
        pairs.push(await runPair({ suite, file, smbd, options: settings.torture ?? [] }));
      }
    }
  };
  // Every lane ends before a failure is reported: nothing goes on behind it.
  const ends = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return new Map(queues.map(({ suite, pairs }) => [suite.name, pairs]));
}

/** What is to be done of a suite, and what has been. */
interface Queue {
  readonly suite: Suite;
  readonly settings: SuiteSettings;
  readonly files: ScenarioFile[];
  readonly pairs: RunPair[];
}

function queueOf(suite: Suite, settings: SuiteSettings): Queue {
  const isFirst = ({ subtest }: ScenarioFile) => settings.first?.includes(subtest) === true;
  const { scenarios } = suite;
  const files = [...scenarios.filter(isFirst), ...scenarios.filter((file) => !isFirst(file))];
  return { suite, settings, files, pairs: [] };
}

async function runPair(run: {
  readonly suite: Suite;
  readonly file: ScenarioFile;
  readonly smbd: Smbd;
  readonly options: readonly string[];
}): Promise<RunPair> {
  const { suite, file, smbd, options } = run;
  // Not at the same time: two clients that are the first of a server may make its notify daemon miss one of them.
  const scenario = await runScenario(file, smbd);
  const name = `${suite.name}.${file.subtest}`;
  const expected = EXCEPTIONS.find(({ test }) => test === name)?.smbtorture ?? "pass";
  const test = `smb2.${name}`;
  let torture = await runTorture(test, smbd, options);
  for (let attempt = 1; attempt < TORTURE_ATTEMPTS; attempt++) {
    if (verdictOf(file.subtest, torture) === expected) break;
    torture = await runTorture(test, smbd, options);
  }
  return {
    subtest: file.subtest,
    smbtorture: verdictOf(file.subtest, torture),
    scenario: scenario.verdict,
    said: scenario.said,
    tortureSaid: torture,
  };
}

/** A subtest within a suite within a suite is named with or without the inner suite. */
function verdictOf(subtest: string, torture: string): Verdict | undefined {
  const verdicts = parseTorture(torture);
  return verdicts.get(subtest) ?? verdicts.get(subtest.slice(subtest.lastIndexOf(".") + 1));
}

async function runTorture(test: string, smbd: Smbd, options: readonly string[]): Promise<string> {
  // It leaves files where it stands.
  const cwd = await Deno.makeTempDir({ prefix: "smbench-torture-" });
  try {
    const { stdout, stderr } = await new Deno.Command(requireTool("smbtorture"), {
      cwd,
      args: [
        `//${smbd.host}/${smbd.shareName}`,
        "-p",
        String(smbd.port),
        "-U",
        `${smbd.user}%${smbd.password}`,
        ...options,
        test,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(TORTURE_WITHIN_MS),
    }).output();
    const decoder = new TextDecoder();
    return decoder.decode(stdout) + decoder.decode(stderr);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

/** Runs a scenario as `smbench run` does. */
async function runScenario(file: ScenarioFile, smbd: Smbd): Promise<Ended> {
  const { code, out, err } = await smbench(
    ["run", file.path, "--target", smbd.target, "--user", smbd.user, "--timeout", "45s"],
    { env: { SMBENCH_PASSWORD: smbd.password } },
  );
  const said = `${out}${err}`;
  switch (code) {
    case ExitCode.OK:
      return { verdict: "pass", said };
    case ExitCode.SCENARIO_FAILED:
    case ExitCode.SCRIPT_EXCEPTION:
    case ExitCode.DIVERGED:
      return { verdict: "fail", said };
    default:
      return { verdict: "error", said: `smbench ended with code ${code}\n${said}` };
  }
}
