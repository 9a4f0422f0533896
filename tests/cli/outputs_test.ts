/** What a run writes beside its report, what thresholds make of it, and outputs that cannot be written. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { smbench } from "./harness.ts";

const RUN = ["run", "examples/office_load.ts", "--users", "3", "--iterations", "9"];

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-outputs-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function lines(path: string): Promise<string[]> {
  return (await Deno.readTextFile(path)).trimEnd().split("\n");
}

Deno.test("operation log, points, Prometheus, JUnit and JSON tell of the same operations", async () => {
  await inFolder(async (folder) => {
    const { code } = await smbench([
      ...RUN,
      "--oplog",
      `${folder}/log.ndjson`,
      "--out",
      `json=${folder}/points.json`,
      "--out",
      `csv=${folder}/points.csv`,
      "--out",
      `prometheus=${folder}/metrics.prom`,
      "--junit",
      `${folder}/junit.xml`,
      "--summary-json",
      `${folder}/summary.json`,
      "--threshold",
      "smb_op_duration{command:READ}:p(99)<60000",
    ]);
    assertEquals(code, 0);
    const { summary, version, thresholds } = JSON.parse(
      await Deno.readTextFile(`${folder}/summary.json`),
    );
    assertEquals(version, 1);
    assertEquals(thresholds.length, 1);
    const log = (await lines(`${folder}/log.ndjson`)).map((line) => JSON.parse(line));
    assertEquals(log.length, summary.operations);
    assertEquals(new Set(log.map(({ id }) => id)).size, summary.operations);
    for (const { sent_us: sent, completed_us: completed, latency_us: latency, time } of log) {
      assert(Math.abs(completed - sent - latency) <= 1);
      assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    }
    const points = (await lines(`${folder}/points.json`)).map((line) => JSON.parse(line));
    const sent = points.filter(({ metric }) => metric === "smb_ops").length;
    assertEquals(sent, summary.sent);
    const [head = "", ...rows] = await lines(`${folder}/points.csv`);
    assertEquals(head.split(",").slice(0, 3), ["metric_name", "timestamp", "metric_value"]);
    assertEquals(rows.length, points.length);
    const reads = summary.commands.find(({ command }: { command: string }) => command === "READ");
    assertStringIncludes(
      await Deno.readTextFile(`${folder}/metrics.prom`),
      `smbench_operations_total{command="READ",outcome="matched"} ${reads.matched}\n`,
    );
    const junit = await Deno.readTextFile(`${folder}/junit.xml`);
    assertStringIncludes(junit, 'failures="0"');
    assertStringIncludes(junit, 'name="smb_op_duration{command:READ} p(99)&lt;60000"');
  });
});

Deno.test("a collector of OpenTelemetry's gets the counts", async () => {
  const bodies: { resourceMetrics: [{ scopeMetrics: [{ metrics: { name: string }[] }] }] }[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      assertEquals(new URL(request.url).pathname, "/v1/metrics");
      bodies.push(await request.json());
      return new Response("{}");
    },
  );
  try {
    const { code } = await smbench([...RUN, "--out", `otel=http://127.0.0.1:${server.addr.port}`]);
    assertEquals(code, 0);
  } finally {
    await server.shutdown();
  }
  const metrics = bodies.at(-1)?.resourceMetrics[0].scopeMetrics[0].metrics ?? [];
  assert(metrics.some(({ name }) => name === "smbench.operation.duration"));
});

Deno.test("a threshold that does not hold is exit code 99, one without values too", async () => {
  for (const threshold of ["smb_op_duration:max<0.0001", "smb_op_duration{command:LOCK}:max<1e9"]) {
    const { code, out } = await smbench([
      ...RUN,
      "--threshold",
      threshold.replace("1e9", "1000000"),
    ]);
    assertEquals(code, 99);
    assertStringIncludes(out, "1 of 1 threshold not kept");
  }
});

Deno.test("a threshold that is to end the run does so at once", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/long.ts`,
      `import { scenario } from "smbench";
       export default scenario({
         name: "long",
         load: { executor: "constant-users", users: 2, duration: "5m" },
         thresholds: { smb_ops: [{ threshold: "count<10", abortOnFail: true }] },
       }, async ({ client }) => void await (await client()).exists("x"));`,
    );
    const { code, out } = await smbench(["run", `${folder}/long.ts`]);
    assertEquals(code, 99);
    assertStringIncludes(out, "Ended early: threshold smb_ops count<10 does not hold");
  });
});

Deno.test("a full disk ends no run: it is told, and is exit code 8", async (t) => {
  if (Deno.build.os !== "linux") return;
  await t.step("/dev/full takes nothing", async () => {
    const { code, out, err } = await smbench([...RUN, "--oplog", "/dev/full"]);
    assertEquals(code, 8);
    assertStringIncludes(err, "Cannot write /dev/full: No space left on device");
    assertStringIncludes(out, "iterations .: 9, 0 failed");
  });
});

Deno.test("outputs that are none are refused before anything is sent", async () => {
  const wrong: readonly (readonly [readonly string[], number, string])[] = [
    [["--out", "influx=x"], 2, "outputs are json=FILE"],
    [["--out", "otel=nowhere"], 2, "a URL such as"],
    [["--oplog", "/nonexistent/log"], 7, "its folder does not exist"],
    [["--oplog-sample", "5"], 2, "goes with --oplog"],
    [["--threshold", "smb_ops"], 2, "a metric and an expression"],
    [["--threshold", "smb_opps:count>1"], 2, "metrics are"],
  ];
  for (const [args, wanted, said] of wrong) {
    const { code, out, err } = await smbench([...RUN, ...args]);
    assertEquals(code, wanted, err);
    assertStringIncludes(err, said);
    assertEquals(out, "");
  }
});

Deno.test("a scenario may report itself: its text in place of the usual one, its files only where it may write", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/own.ts`,
      `import { scenario } from "smbench";
       export default scenario({
         name: "own",
         handleSummary: ({ outcome, summary }) => ({
           stdout: \`\${outcome}: \${summary.sent} operations\\u001b[2J\\n\`,
           "report.txt": "text",
           "../escape.txt": "text",
           "nul.txt": "text",
         }),
       }, async ({ client }) => void await (await client("ann")).exists("x"));`,
    );
    const without = await smbench(["run", `${folder}/own.ts`]);
    assertEquals([without.code, without.out], [0, "Passed: 4 operations\\u001b[2J\n"]);
    assertStringIncludes(without.err, 'file "report.txt" was not written: say where');
    const { err } = await smbench(["run", `${folder}/own.ts`, "--summary-dir", `${folder}/out`]);
    assertEquals([...Deno.readDirSync(`${folder}/out`)].map(({ name }) => name), ["report.txt"]);
    assertStringIncludes(err, 'file "../escape.txt" was not written: that is no file name');
    assertStringIncludes(err, 'file "nul.txt" was not written');
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["out", "own.ts"]);
  });
});

Deno.test("a scenario whose report fails is reported on as usual", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/own.ts`,
      `import { scenario } from "smbench";
       export default scenario({
         name: "own",
         handleSummary: () => { throw new Error("no ink"); },
       }, async ({ client }) => void await (await client("ann")).exists("x"));`,
    );
    const { code, out, err } = await smbench(["run", `${folder}/own.ts`]);
    assertEquals(code, 0);
    assertStringIncludes(out, "\nPassed\n");
    assertStringIncludes(err, "Cannot use handleSummary: no ink");
  });
});
