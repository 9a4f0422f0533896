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
import { type Pair, parseTorture, type Verdict } from "./verdicts.ts";

const TORTURE_WITHIN_MS = 90_000;

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
 * Runs every scenario of a suite and its subtest at the same time against one server; several such pairs at once, each
 * against a server of its own, because smbtorture spends its time waiting and its subtests share directories.
 */
export async function runSuite(suite: Suite, settings: SuiteSettings): Promise<RunPair[]> {
  const first = settings.first ?? [];
  const queue = [
    ...suite.scenarios.filter(({ subtest }) => first.includes(subtest)),
    ...suite.scenarios.filter(({ subtest }) => !first.includes(subtest)),
  ];
  const pairs: RunPair[] = [];
  const lane = async () => {
    await using smbd = await startSmbd(settings.smbd);
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const test = `smb2.${suite.name}.${file.subtest}`;
      const [torture, scenario] = await settled(
        runTorture(test, smbd, settings.torture ?? []),
        runScenario(file, smbd),
      );
      pairs.push({
        subtest: file.subtest,
        smbtorture: verdictOf(file.subtest, torture),
        scenario: scenario.verdict,
        said: scenario.said,
        tortureSaid: torture,
      });
    }
  };
  await settled(...Array.from({ length: Math.min(settings.lanes ?? LANES, queue.length) }, lane));
  return pairs;
}

/** A subtest within a suite within a suite is named with or without the inner suite. */
function verdictOf(subtest: string, torture: string): Verdict | undefined {
  const verdicts = parseTorture(torture);
  return verdicts.get(subtest) ?? verdicts.get(subtest.slice(subtest.lastIndexOf(".") + 1));
}

/** Like `Promise.all`, but nothing goes on behind a failure. */
async function settled<T extends readonly unknown[]>(
  ...promises: { readonly [K in keyof T]: Promise<T[K]> }
): Promise<T> {
  await Promise.allSettled(promises);
  return await Promise.all(promises) as unknown as T;
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

/**
 * Runs a scenario as `smbench run` does.
 *
 * @throws {Error} It neither passed nor failed: it could not be run.
 */
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
    case ExitCode.DIVERGED:
      return { verdict: "fail", said };
    default:
      throw new Error(`Cannot run ${file.path}: smbench ended with code ${code}\n${said}`);
  }
}
