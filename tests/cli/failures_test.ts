/** What goes wrong in the middle of a run: it is told, who can go on does, and report, logs and exit code tell all. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runProgram, startProgram } from "../harness/program.ts";
import { ACCOUNT, startWatchedServer } from "../harness/watched_server.ts";

const env = { SMBENCH_PASSWORD: ACCOUNT.password };

/** A scenario whose users write until the run ends, and what else they do. */
async function withScenario(
  parts: { readonly load: string; readonly more?: string },
  use: (path: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-failures-" });
  try {
    const path = `${folder}/busy.ts`;
    await Deno.writeTextFile(
      path,
      `import { scenario } from "smbench";
       export default scenario({ name: "busy", load: { ${parts.load} } },
         async ({ client, user, log, sleep }) => {
           const me = await client();
           await using file = await me.open(\`f\${user.number}\`, { access: "rw", disposition: "openIf" });
           await file.write(0, "hello");
           if (user.iteration === 3) log(\`busy \${user.number}\`);
           ${parts.more ?? ""}
         });`,
    );
    await use(path, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Line {
  readonly type: string;
  readonly id: number;
  readonly client: string;
  readonly command: string;
  readonly sent_us?: number;
}

/** The operation log: each line whole. */
async function logOf(path: string): Promise<Line[]> {
  const text = await Deno.readTextFile(path);
  assert(text.endsWith("\n"), "the log ends in the middle of a line");
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`the first ${signal} logs everybody off, and report and log have all that was sent`, async () => {
    await withScenario(
      { load: 'executor: "constant-users", users: 4, duration: "1h"' },
      async (path, folder) => {
        await using server = startWatchedServer();
        await using program = startProgram([
          ...["run", path, "-t", server.target, "-U", ACCOUNT.name, "--workers", "2"],
          ...["--oplog", `${folder}/log`, "--summary-json", `${folder}/summary.json`],
        ], { env });
        for (const user of [1, 2, 3, 4]) await program.said(new RegExp(`busy ${user}`));
        program.signal(signal);
        const { code, out } = await program.ended;
        assertEquals(code, 105);
        assertStringIncludes(out, "\nInterrupted\n");
        // The preflight's login is none of the scenario's.
        const logins = server.count("SESSION_SETUP") / 2;
        assertEquals(server.count("LOGOFF"), logins);
        const { summary, exitCode } = JSON.parse(
          await Deno.readTextFile(`${folder}/summary.json`),
        );
        assertEquals(exitCode, 105);
        const log = await logOf(`${folder}/log`);
        assertEquals(log.length, summary.operations);
        const writes = log.filter(({ command, sent_us: sent }) =>
          command === "WRITE" && sent !== undefined
        );
        assertEquals(writes.length, server.count("WRITE"));
      },
    );
  });
}

Deno.test("the second Ctrl-C ends a run whose script goes on", async () => {
  await withScenario({
    load: 'executor: "constant-users", users: 2, duration: "1h"',
    more: "if (user.number === 1 && user.iteration === 3) for (;;);",
  }, async (path) => {
    await using server = startWatchedServer();
    await using program = startProgram(
      ["run", path, "-t", server.target, "-U", ACCOUNT.name, "--workers", "2"],
      { env },
    );
    for (const user of [1, 2]) await program.said(new RegExp(`busy ${user}`));
    program.signal("SIGINT");
    await program.said(/^interrupted: /m);
    program.signal("SIGTERM");
    const { code, out } = await program.ended;
    assertEquals(code, 105);
    assertStringIncludes(out, "\nInterrupted\n");
  });
});

Deno.test("a worker that dies takes nothing with it: the others go on, and its records are kept", async () => {
  await withScenario({
    load: 'executor: "per-user-iterations", users: 4, iterations: 40',
    // An error that cannot be looked at: what reports it dies of it.
    more: `if (user.number === 2 && user.iteration === 5) {
      const error = new Error("x");
      Object.defineProperty(error, "stack", { get() { throw error; } });
      setTimeout(() => { throw error; }, 0);
      await sleep(60);
    }`,
  }, async (path, folder) => {
    const outputs = ["--oplog", `${folder}/log`, "--summary-json", `${folder}/summary.json`];
    const two = await runProgram(["run", path, "--workers", "2", ...outputs]);
    assertEquals(two.code, 107, two.err);
    assertStringIncludes(two.out, "1 worker of 2 ended early");
    assertStringIncludes(two.err, "worker 2 of 2: Cannot go on: the worker ended: Uncaught Error");
    const { summary } = JSON.parse(await Deno.readTextFile(`${folder}/summary.json`));
    assert(summary.iterations.count >= 80, "the other worker's users did not go on");
    const log = await logOf(`${folder}/log`);
    assertEquals(log.length, summary.operations);
    const alone = await runProgram(["run", path, "--workers", "1", ...outputs]);
    assertEquals(alone.code, 107, alone.err);
    assertStringIncludes(alone.out, "Cannot go on: the worker ended: Uncaught Error: x");
    assertStringIncludes(alone.out, "operations .: ");
  });
});

Deno.test("a server that stops answering fails the operations under way, and the run ends in its time", async () => {
  await withScenario(
    {
      load: 'executor: "per-user-iterations", users: 3, iterations: 1',
      more: 'log("at work"); for (;;) await file.flush();',
    },
    async (path) => {
      await using server = startWatchedServer();
      await using program = startProgram([
        ...["run", path, "-t", server.target, "-U", ACCOUNT.name, "--workers", "1"],
        ...["--timeout", "1s"],
      ], { env });
      await program.said(/at work[^]*at work[^]*at work/);
      server.freeze();
      const { code, out, err } = await program.ended;
      assertEquals(code, 1, err);
      assertMatch(out, /3 of 3 iterations failed/);
      assertMatch(out, /6 without response/);
      assertMatch(err, /busy\.ts:\d+:\d+: Cannot complete FLUSH "f1": no response within 1 s/);
    },
  );
});

Deno.test("users whom the target refuses are counted, and wait before they try again; the others go on", async () => {
  await withScenario(
    { load: 'executor: "constant-users", users: 4, duration: "2s"' },
    async (path, folder) => {
      await using server = startWatchedServer();
      await Deno.writeTextFile(
        `${folder}/users.csv`,
        `${ACCOUNT.name},${ACCOUNT.password}\nmallory,not-known\n`,
      );
      const { code, out, err } = await runProgram([
        ...["run", path, "-t", server.target, "--users-csv", `${folder}/users.csv`],
        ...["--workers", "2", "--summary-json", `${folder}/summary.json`],
      ]);
      assertEquals(code, 1, err);
      assertMatch(out, /\d of \d+ iterations failed/);
      assertMatch(err, /mallory, iteration 0: busy\.ts:\d+:\d+: Cannot complete SESSION_SETUP: /);
      const { summary } = JSON.parse(await Deno.readTextFile(`${folder}/summary.json`));
      const { count, failed } = summary.iterations;
      assert(failed >= 2 && failed <= 6, `${failed} refused logins in two seconds`);
      assert(count - failed >= 2, "those who were let in did not go on");
    },
  );
});

Deno.test("a disk that is full is told for each output, once the run is over, and devices stay what they are", async () => {
  if (Deno.build.os !== "linux") return;
  await withScenario(
    { load: 'executor: "per-user-iterations", users: 2, iterations: 400' },
    async (path) => {
      const outputs = [
        ...["--oplog", "/dev/full", "--summary-json", "/dev/full", "--junit", "/dev/full"],
        ...["--out", "json=/dev/full", "--out", "csv=/dev/full", "--out", "prometheus=/dev/full"],
      ];
      const { code, out, err } = await runProgram(["run", path, ...outputs, "--quiet"], {
        all: true,
      });
      assertEquals(code, 8, err);
      assertEquals(
        err.match(/^note: Cannot write \/dev\/full: No space left on device/gm)?.length,
        6,
      );
      assertStringIncludes(out, "iterations .: 800, 0 failed");
      assert(Deno.statSync("/dev/full").isCharDevice);
    },
  );
});
