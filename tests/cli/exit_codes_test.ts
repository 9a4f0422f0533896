/** Each exit code, reached by a process; `--help` and the README name the same ones. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { EXIT_CODE_TEXTS, ExitCode } from "../../runtime/cli/exit_codes.ts";
import { Conversation, createAnswer, createBody, fileId } from "../captures/conversation.ts";
import { runProgram, startProgram } from "../harness/program.ts";
import { ACCOUNT, startWatchedServer } from "../harness/watched_server.ts";

const USER = ["-U", ACCOUNT.name];
const PASSWORD = { SMBENCH_PASSWORD: ACCOUNT.password };

/** A scenario with that body. */
function scenarioOf(body: string, options = ""): string {
  return `import { expect, replay, scenario } from "smbench";
export default scenario({ name: "one", ${options} }, async ({ abort, client, log, sleep }) => {
  const me = await client("ann");
  ${body}
});`;
}

const USERS = 'load: { executor: "constant-users", users: 3, duration: "1h" },';

const REPLAY = `import { replay } from "smbench";
export default replay({ source: "x", clients: { a: {} } }, {
  async a(c, p) {
    const tree = await (await (await c.connect()).login()).tree(p.share("x"));
    await tree.open(p.path("missing.txt"));
  },
});`;

/** What a process is run with, what it ends with, and what it says. */
interface Case {
  readonly code: ExitCode;
  readonly script?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly said: string;
}

function casesOf(target: string): Readonly<Record<string, Case>> {
  const at = (url: string) => ["-t", url, ...USER];
  return {
    "everything as expected": { code: 0, script: scenarioOf(""), said: "\nPassed\n" },
    "a status that was not expected": {
      code: 1,
      script: scenarioOf('await me.open("missing");'),
      said: 'one.ts:4:12: Cannot complete CREATE "missing"',
    },
    "an expectation": {
      code: 1,
      script: scenarioOf("expect(1).toBe(2);"),
      said: "one.ts:4:13: ",
    },
    "failed iterations": {
      code: 1,
      script: scenarioOf('await me.open("missing");', 'load: { executor: "per-user-iterations" },'),
      said: "1 of 1 iteration failed",
    },
    "an option that is none": { code: 2, args: ["run", "--fast"], said: "--fast" },
    "load of the command line that makes no sense": {
      code: 2,
      script: scenarioOf(""),
      args: ["--executor", "constant-users", "--users", "2"],
      said: "duration",
    },
    "a replay that differs": { code: 3, script: REPLAY, said: "Finished with 1 difference" },
    "a target that is not there": {
      code: 4,
      script: scenarioOf(""),
      args: at("smb://127.0.0.1:1/share"),
      env: PASSWORD,
      said: "Cannot reach smb://127.0.0.1:1/share",
    },
    "a wrong password": {
      code: 5,
      script: scenarioOf(""),
      args: at(target),
      env: { SMBENCH_PASSWORD: "not it" },
      said: `Cannot log in to ${target} as alice`,
    },
    "a share that is not there": {
      code: 5,
      script: scenarioOf(""),
      args: at(target.replace("/share", "/other")),
      env: PASSWORD,
      said: 'Cannot connect to share "other"',
    },
    "a file that is not there": { code: 7, args: ["run", "missing.ts"], said: "missing.ts" },
    "an output that cannot be written": {
      code: 8,
      script: scenarioOf(""),
      args: ["--summary-json", "/nonexistent/folder/report.json"],
      said: "Passed, but Cannot write /nonexistent/folder/report.json",
    },
    "a threshold": {
      code: 99,
      script: scenarioOf("", 'thresholds: { smb_ops: "count>1000" },'),
      said: "1 of 1 threshold not kept",
    },
    "load of the scenario that makes no sense": {
      code: 104,
      script: scenarioOf("", 'load: { executor: "constant-users", users: 3 },'),
      said: "duration",
    },
    "thresholds of the scenario that make no sense": {
      code: 104,
      script: scenarioOf("", 'thresholds: { smb_oops: "count>1" },'),
      said: 'Cannot use threshold "smb_oops"',
    },
    "an exception": {
      code: 107,
      script: scenarioOf("(undefined as unknown as { x: number }).x;"),
      said: "one.ts:4:",
    },
    "the scenario's own end": {
      code: 108,
      script: scenarioOf('abort("nothing to measure");'),
      said: "Ended by the scenario: nothing to measure",
    },
    "the scenario's own end, under load": {
      code: 108,
      script: scenarioOf('abort("nothing to measure");', USERS),
      args: ["--workers", "2"],
      said: "Ended by the scenario: nothing to measure",
    },
  };
}

/** Processes at a time. */
const AT_ONCE = 3;

Deno.test("a process ends with the exit code that --help promises", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "smbench-exit-" });
  await using server = startWatchedServer();
  const seen = new Set<number>();
  const run = async (index: number, { script, args = [], env, code, said }: Case) => {
    let given = args;
    if (script !== undefined) {
      await Deno.mkdir(`${folder}/${index}`);
      await Deno.writeTextFile(`${folder}/${index}/one.ts`, script);
      given = ["run", `${folder}/${index}/one.ts`, ...args];
    }
    const ended = await runProgram(given, env === undefined ? {} : { env });
    assertEquals(ended.code, code, ended.out + ended.err);
    assertStringIncludes(ended.out + ended.err, said);
    assert(!/^ {4}at /m.test(ended.out + ended.err), ended.err);
    seen.add(ended.code);
  };
  try {
    const cases = Object.entries(casesOf(server.target)).entries().toArray();
    for (let at = 0; at < cases.length; at += AT_ONCE) {
      await Promise.all(
        cases.slice(at, at + AT_ONCE).map(([index, [name, one]]) =>
          t.step({ name, fn: () => run(index, one), ...PARALLEL })
        ),
      );
    }
    await t.step("an incomplete scenario, asked to be complete", async () => {
      const talk = new Conversation().open();
      talk.exchange("CREATE", createBody("a.txt"), createAnswer(fileId(1)));
      const before = talk.wire.packets.length;
      talk.exchange("CREATE", createBody("b.txt"), createAnswer(fileId(2)));
      talk.exchange("CREATE", createBody("c.txt"), createAnswer(fileId(3)));
      const captured = talk.wire.packets.filter((_, index) => index !== before);
      await Deno.writeFile(`${folder}/cut.pcap`, talk.wire.pcap(captured));
      const { code, err } = await runProgram(
        ["compile", `${folder}/cut.pcap`, "-o", `${folder}/cut.ts`, "--strict"],
      );
      assertEquals(code, ExitCode.INCOMPLETE, err);
      seen.add(code);
    });
    await t.step("an interruption", async () => {
      const path = `${folder}/long.ts`;
      await Deno.writeTextFile(path, scenarioOf('log("at work"); await sleep(3600);'));
      await using program = startProgram(["run", path]);
      await program.said(/at work/);
      program.signal("SIGINT");
      const { code } = await program.ended;
      assertEquals(code, ExitCode.INTERRUPTED);
      seen.add(code);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  // A fault of smbench itself is none that a test could ask for.
  const promised = Object.values(ExitCode).filter((code) => code !== ExitCode.INTERNAL);
  assertEquals([...seen].sort((a, b) => a - b), promised.sort((a, b) => a - b));
});

/** Steps that run side by side. */
const PARALLEL = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };

Deno.test("--help and the README name every exit code, with the same words", async () => {
  const { out } = await runProgram(["--help"]);
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  assertEquals(EXIT_CODE_TEXTS.map(([code]) => Number(code)), Object.values(ExitCode));
  for (const [code, text] of EXIT_CODE_TEXTS) {
    assert(
      new RegExp(`^  ${code} +${RegExp.escape(text.split(" ")[0] ?? "")}`, "m").test(out),
      code,
    );
    const row = readme.match(new RegExp(`^\\| ${code} +\\| (.*?) +\\|$`, "m"))?.[1];
    assertEquals(row?.replaceAll("`", ""), text);
  }
});
