/** Thresholds of whole runs: by command, client and tag, of the parts of a suite, and those that end a run. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { smbench } from "./harness.ts";

interface Result {
  readonly metric: string;
  readonly expression: string;
  readonly passed: boolean;
  readonly observed: number | null;
}

/** How the thresholds of a scenario stand after its run. */
async function ran(script: string, ...args: string[]) {
  const folder = await Deno.makeTempDir({ prefix: "smbench-thresholds-" });
  try {
    await Deno.writeTextFile(`${folder}/one.ts`, script);
    const { code, out, err } = await smbench(["run", `${folder}/one.ts`, "--json", ...args]);
    const { thresholds, outcome, summary } = JSON.parse(out === "" ? "{}" : out);
    const results = thresholds as readonly Result[];
    return {
      code,
      err,
      outcome: outcome as string,
      duration: summary?.duration as number,
      observed: Object.fromEntries(
        results.map(({ metric, expression, observed }) => [`${metric} ${expression}`, observed]),
      ),
      broken: results.filter(({ passed }) => !passed).map(({ metric }) => metric),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("values are chosen by command, client, tag, status and check, and by several of them", async () => {
  const { code, observed, broken } = await ran(`import { scenario } from "smbench";
export default scenario({
  name: "tags",
  thresholds: {
    "smb_ops{command:CREATE,client:ann}": "count==2",
    "smb_ops{command:CREATE,client:ben}": "count==1",
    "smb_ops{tag:hot}": "count==1",
    "smb_ops{tag:hot,client:ben}": "count==0",
    "smb_errors{tag:hot}": "rate==1",
    "smb_errors{client:ben}": "rate==0",
    "smb_ops{status:OBJECT_NAME_NOT_FOUND}": "count==2",
    "smb_op_duration{command:WRITE}": ["max<60000", "count==1"],
    "smb_op_duration{command:LOCK}": "max<60000",
    "checks{check:a}": "rate==0.5",
    "checks{check:b}": "rate==1",
    "smb_divergences{command:CREATE}": "count==1",
  },
}, async ({ client, check }) => {
  const [ann, ben] = [await client("ann"), await client("ben")];
  await ann.open("missing", { tag: "hot" }).outcome;
  await ann.open("missing", { expect: "any" });
  await ben.writeFile("f", "hello");
  check("a", true); check("a", false); check("b", true);
});`);
  assertEquals(code, 99);
  // Without values a count of nothing is no success, either.
  assertEquals(broken, ["smb_ops{tag:hot,client:ben}", "smb_op_duration{command:LOCK}"]);
  assertEquals(observed["smb_ops{tag:hot,client:ben} count==0"], null);
  assertEquals(observed["smb_errors{tag:hot} rate==1"], 1);
});

Deno.test("thresholds of a suite's scenario are of its own operations, checks, breaks and dropped iterations", async () => {
  const { code, observed, broken, err } = await ran(`import { scenario, suite } from "smbench";
const busy = scenario({
  name: "busy",
  load: { executor: "constant-arrival-rate", rate: 500, duration: "200ms", maxUsers: 1 },
  thresholds: { dropped_iterations: "count==0", checks: "rate==1" },
}, async ({ client, check, sleep }) => {
  check("done", await (await client()).exists("x"));
  await sleep(0.3);
});
const broken = scenario({
  name: "broken",
  load: { executor: "per-user-iterations" },
  thresholds: { checks: "rate==1", smb_breaks: "count==1", dropped_iterations: "count==0" },
}, async ({ client, check }) => {
  const [ann, ben] = [await client("ann"), await client("ben")];
  await using file = await ann.open("f", { access: "rw", disposition: "create", lease: "RWH" });
  const lease = file.leaseBreak();
  await using _other = await ben.open("f");
  check("done", (await lease).from === "RWH");
});
export default suite({ name: "both" }, { busy, broken });`);
  assertEquals(code, 99, err);
  assertEquals(broken, ["dropped_iterations{scenario:busy}", "checks{scenario:busy}"]);
  assert((observed["dropped_iterations{scenario:busy} count==0"] ?? 0) > 50);
  assertEquals(observed["checks{scenario:broken} rate==1"], 1);
  assertEquals(observed["smb_breaks{scenario:broken} count==1"], 1);
  assertEquals(observed["dropped_iterations{scenario:broken} count==0"], 0);
});

Deno.test("a threshold that ends the run ends it in all workers; one of the command line counts, too", async () => {
  const script = `import { scenario } from "smbench";
export default scenario({
  name: "endless",
  load: { executor: "constant-users", users: 4, duration: "1h", thinkTime: "10ms" },
  thresholds: {
    smb_errors: { threshold: "rate<0.1", abortOnFail: true },
    smb_op_duration: { threshold: "max<0.0001", abortOnFail: true, delayAbortEval: 3600 },
  },
}, async ({ client }) => void await (await client()).open("missing", { expect: "any" }));`;
  const ended = await ran(
    script.replace('"any"', '"SUCCESS"'),
    ...["--workers", "2", "--threshold", "smb_ops:count>0"],
  );
  assertEquals(ended.code, 99);
  assertStringIncludes(ended.outcome, "Ended early: threshold smb_errors rate<0.1");
  assertEquals(ended.broken.toSorted(), ["smb_errors", "smb_op_duration"].toSorted());
  assertEquals((ended.observed["smb_ops count>0"] ?? 0) > 0, true);
});
