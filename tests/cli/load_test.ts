/** Load: users, iterations, their own keys and directories, and what happens when some of them fail. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { IterationRecord } from "../../runtime/measure/mod.ts";
import {
  Definition,
  replay,
  type Scenario,
  scenario,
  type ScenarioFunction,
  suite,
} from "../../runtime/script/mod.ts";
import { z } from "zod";
import { passed, play, smbench } from "./harness.ts";

function load(body: ScenarioFunction<undefined>): Scenario {
  return scenario({ name: "load" }, body);
}

Deno.test("each user has its own connection, session and client, and keeps them from iteration to iteration", async () => {
  const { operations, iterations } = passed(
    await play(
      load(async ({ client, user }) => {
        const me = await client();
        await me.writeFile(`${user.name}-${user.iteration}.txt`, "hello");
      }),
      { load: { executor: "per-user-iterations", users: 3, iterations: 4 } },
    ),
  );
  assertEquals(operations.filter(({ command }) => command === "NEGOTIATE").length, 3);
  assertEquals(operations.filter(({ command }) => command === "WRITE").length, 12);
  assertEquals([...new Set(operations.map(({ client }) => client))].sort(), [
    "user0001",
    "user0002",
    "user0003",
  ]);
  assertEquals(iterations.filter(({ failure }) => failure === null).length, 12);
});

Deno.test("shared iterations are done once each, whoever does them", async () => {
  const numbers: number[] = [];
  const { iterations } = passed(
    await play(
      load(async ({ client, user }) => {
        numbers.push(user.number);
        await (await client()).exists("nothing");
      }),
      { load: { executor: "shared-iterations", users: 4, iterations: 10 } },
    ),
  );
  assertEquals(iterations.length, 10);
  assertEquals([...new Set(numbers)].sort(), [1, 2, 3, 4]);
});

Deno.test("an iteration that fails is counted, and its user goes on with a new session", async () => {
  const { iterations, operations } = passed(
    await play(
      load(async ({ client, user }) => {
        const me = await client();
        await me.open("missing.txt", {
          access: "r",
          expect: user.iteration === 1 ? "SUCCESS" : "any",
        });
      }),
      { load: { executor: "per-user-iterations", users: 2, iterations: 3 } },
    ),
  );
  const failures = iterations.filter(({ failure }) => failure !== null);
  assertEquals(failures.map(({ iteration }) => iteration), [1, 1]);
  assertStringIncludes(failures[0]?.failure ?? "", "OBJECT_NAME_NOT_FOUND");
  assertEquals(operations.filter(({ command }) => command === "SESSION_SETUP").length, 4);
});

Deno.test("with directories of their own, users have the same names and never meet", async () => {
  const { operations, iterations } = passed(
    await play(
      load(async ({ client }) => {
        const me = await client();
        await me.mkdir("mine");
        await me.writeFile("mine/a.txt", "x");
        await me.rename("mine/a.txt", "mine/b.txt");
        await me.open("\\common.txt", { access: "rw", disposition: "openIf" }).then((file) =>
          file.close()
        );
        if ((await me.list("mine")).map(({ name }) => name).join() !== "b.txt") {
          throw new Error("Cannot find the renamed file: the rename went elsewhere");
        }
      }),
      {
        load: { executor: "per-user-iterations", users: 3, iterations: 1 },
        part: { segment: { index: 0, of: 1 }, names: ["ann", "ben", "cat"], isolate: true },
        root: "load\\today",
      },
    ),
  );
  assertEquals(iterations.map(({ failure }) => failure), [null, null, null]);
  const created = operations.filter(({ command }) => command === "CREATE").map(({ path }) => path);
  for (const name of ["ann", "ben", "cat"]) {
    assert(created.includes(`load\\today\\${name}\\mine`), created.join());
  }
  assert(created.includes("load\\today\\common.txt"), created.join());
});

Deno.test("a replay is played by each user with its own keys, below its own directory", async () => {
  const keys = new Set<string>();
  const script = replay({ source: "x", clients: { a: {}, b: {} } }, {
    async a(c, p) {
      await c.at(0, 1);
      const n1 = await c.connect();
      const s1 = await n1.login();
      const t1 = await s1.tree(p.share("x"));
      await c.at(0.01, 2);
      const f1 = await t1.open(p.path("a.txt"), {
        access: "rw",
        disposition: "create",
        lease: { state: "RWH", key: "L1" },
      });
      keys.add(f1.lease?.key.toHex() ?? "");
      await c.at(0.02, 3);
      await f1.close();
    },
    async b(c) {
      await c.at(0.03, 4, { after: [3] });
      await c.connect();
    },
  });
  const { operations, iterations } = passed(
    await play(script, {
      load: { executor: "replay", users: 3 },
      part: { segment: { index: 0, of: 1 }, names: [], isolate: true },
    }),
  );
  assertEquals(iterations.map(({ failure }) => failure), [null, null, null]);
  assertEquals(operations.filter(({ matched }) => !matched), []);
  assertEquals(operations.filter(({ command }) => command === "NEGOTIATE").length, 6);
  assertEquals(keys.size, 3);
});

Deno.test("iterations of a rate begin at their times, and are dropped where nobody is free", async () => {
  const gate = Promise.withResolvers<void>();
  let begun = 0;
  const { iterations, handle } = await play(
    load(async ({ client }) => {
      await client();
      if (++begun === 2) gate.resolve();
      await gate.promise;
    }),
    { load: { executor: "constant-arrival-rate", rate: 200, duration: "50ms", maxUsers: 2 } },
  );
  assertEquals(iterations.length + (handle.load?.dropped ?? 0), 10);
  for (const { due, startedAt } of iterations) {
    assert(due !== null && startedAt >= due, "begun before it was due");
  }
});

Deno.test("no more operations are in flight than the limit allows", async () => {
  const { operations } = passed(
    await play(
      load(async ({ client }) => {
        const me = await client();
        await using file = await me.open("f", { access: "rw", disposition: "openIf" });
        await Promise.all(Array.from({ length: 20 }, () => file.write(0, "x")));
      }),
      { load: { executor: "per-user-iterations", users: 5, iterations: 1 }, maxConcurrent: 3 },
    ),
  );
  const moments = operations.flatMap(({ sentAt, completedAt }) => [
    [sentAt ?? 0, 1] as const,
    [completedAt ?? 0, -1] as const,
  ]).sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  let inFlight = 0;
  let most = 0;
  for (const [, change] of moments) most = Math.max(most, inFlight += change);
  assert(most <= 3 && most > 1, `${most} in flight`);
});

Deno.test("workers together do what one would do alone", async () => {
  const body: ScenarioFunction<undefined> = async ({ client }) => {
    await (await client()).exists("x");
  };
  const all: IterationRecord[] = [];
  for (const index of [0, 1, 2]) {
    const { iterations } = passed(
      await play(load(body), {
        load: { executor: "per-user-iterations", users: 5, iterations: 2 },
        part: { segment: { index, of: 3 }, names: [], isolate: false },
      }),
    );
    all.push(...iterations);
  }
  assertEquals(
    all.map(({ user, iteration }) => `${user} ${iteration}`).sort(),
    [1, 2, 3, 4, 5].flatMap((number) => [`user000${number} 0`, `user000${number} 1`]),
  );
});

Deno.test("the command line puts load on a scenario, and tells what came of it", async () => {
  const { code, out } = await smbench([
    "run",
    "examples/office_load.ts",
    "--users",
    "6",
    "--iterations",
    "18",
    "--isolate",
    "path",
    "--workers",
    "2",
    "--json",
  ]);
  const { summary } = JSON.parse(out);
  assertEquals(code, 0);
  assertEquals([summary.iterations.count, summary.iterations.failed], [18, 0]);
  const logins = summary.commands.find(({ command }: { command: string }) =>
    command === "SESSION_SETUP"
  );
  assertEquals(logins.count, 6);
  assertEquals(summary.checks[0], { name: "reads what it wrote", passed: 18, failed: 0 });
});

Deno.test("a suite runs its scenarios side by side, each with its own load, parameters and thresholds", async () => {
  const params = z.object({ size: z.number().default(10) });
  const writer = scenario({
    name: "write",
    params,
    load: { executor: "shared-iterations", users: 2, iterations: 6 },
    thresholds: { iterations: "count==6" },
  }, async ({ client, user, params }) => {
    await (await client()).writeFile(`${user.name}.txt`, new Uint8Array(params.size));
  });
  const looker = scenario({ name: "look" }, async ({ client }) => {
    await (await client("looker")).list();
  });
  const both = suite({ name: "both", thresholds: { "iterations{client:x}": "count==0" } }, {
    writers: writer,
    looker,
  });
  const { operations, iterations } = passed(await play(both, { params: { size: "77" } }));
  const writes = operations.filter(({ command }) => command === "WRITE");
  assertEquals(
    writes.map(({ scenario, payload }) => [scenario, payload]),
    Array(6).fill(["writers", 77]),
  );
  assert(
    operations.some(({ scenario, command }) =>
      scenario === "looker" && command === "QUERY_DIRECTORY"
    ),
  );
  assertEquals(iterations.map(({ scenario }) => scenario), Array(6).fill("writers"));
  assertEquals(both instanceof Definition && Object.keys(both.thresholds ?? {}), [
    "iterations{client:x}",
    "iterations{scenario:writers}",
  ]);
});

Deno.test("the report of a suite has a line for each scenario", async () => {
  const { code, out } = await smbench(["run", "examples/office_day.ts", "--json"]);
  const { summary, thresholds } = JSON.parse(out);
  assertEquals(code, 0);
  assertEquals(summary.scenarios.map(({ name }: { name: string }) => name).sort(), [
    "indexer",
    "readers",
    "writers",
  ]);
  assert(thresholds.every(({ passed }: { passed: boolean }) => passed));
  const { code: refused, err } = await smbench(["run", "examples/office_day.ts", "--users", "5"]);
  assertEquals(refused, 2);
  assertStringIncludes(err, "its scenarios have their own");
});

Deno.test("a file that a scenario leaves open is told, and fails the run where that is asked for", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smbench-open-" });
  try {
    const path = `${folder}/forgets.ts`;
    await Deno.writeTextFile(
      path,
      `import { scenario } from "smbench";
       export default scenario({ name: "forgets" }, async ({ client }) => {
         const me = await client("ann");
         await me.open("kept.txt", { access: "rw", disposition: "create" });
         const closed = await me.open("closed.txt", { access: "rw", disposition: "create" });
         await closed.close();
       });`,
    );
    const said = 'ann left a file open: "kept.txt"';
    const logged = await smbench(["run", path]);
    assertEquals(logged.code, 0);
    assertStringIncludes(logged.out, said);
    const failed = await smbench(["run", path, "--on-invariant", "fail"]);
    assertEquals(failed.code, 1);
    assertStringIncludes(failed.out, said);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("below a root a scenario's paths lie there, and a replay's own paths may not leave it", async () => {
  const { operations } = passed(
    await play(
      replay({ source: "x", clients: { a: {} } }, {
        async a(c, p) {
          const n1 = await c.connect();
          const t1 = await (await n1.login()).tree(p.share("x"));
          await t1.open("elsewhere.txt", { access: "rw", disposition: "create" });
          await t1.open(p.path("here.txt"), { access: "rw", expect: "any" });
        },
      }),
      { root: "mine" },
    ),
  );
  const creates = operations.filter(({ command }) => command === "CREATE");
  assertEquals(creates.map(({ path }) => path), ["elsewhere.txt", "mine\\here.txt"]);
  assertStringIncludes(creates[0]?.skipped ?? "", "outside of mine");
  assertEquals(creates[1]?.skipped, undefined);
});

Deno.test("a server that is not among the allowed ones is refused", async () => {
  const env = { SMBENCH_ALLOW_TARGETS: "lab-*, 127.0.0.1" };
  const args = ["run", "examples/lease_break.ts", "--anonymous", "--target"];
  const refused = await smbench([...args, "smb://production/share"], { env });
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, "SMBENCH_ALLOW_TARGETS allows only lab-*, 127.0.0.1");
  const allowed = await smbench([...args, "smb://127.0.0.1:1/share"], { env });
  assertEquals(allowed.code, 4);
});
