/** What suites and loads provision: once for all, or in the directory of each user; made before, removed after. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { data, type Provision, scenario, suite, type User } from "smbench";
import { ProvisionError } from "../../runtime/script/mod.ts";
import { ACCOUNT, startWatchedServer } from "../harness/watched_server.ts";
import { passed, smbench } from "./harness.ts";
import { options, Share } from "./share.ts";

const TREE: Provision = {
  share: { "docs/plan.docx": { size: "64k", seed: 3 }, "docs/deep/": {}, "gone.txt": null },
};

/** Users who read what is there, and make something. */
function users(work: (me: User, number: number) => Promise<void> = () => Promise.resolve()) {
  return scenario({
    name: "users",
    provision: TREE,
    load: { executor: "per-user-iterations", users: 3, iterations: 2 },
  }, async ({ client, user }) => {
    const me = await client();
    assertEquals(await me.readFile("docs/plan.docx"), data("64k", 3));
    await me.writeFile(`docs/deep/${user.number}.txt`, "x");
    await me.writeFile(`${user.number}.txt`, "x");
    await work(me, user.number);
  });
}

const isolated = { part: { segment: { index: 0, of: 1 }, names: [], isolate: true } };

Deno.test("under load the tree is made once for all users, and removed with what they made", async () => {
  const share = new Share();
  let seen: string[] = [];
  const played = passed(
    await share.run(users(async (me) => {
      seen = (await me.list()).map(({ name }) => name).sort();
    })),
  );
  assertEquals(played.iterations.map(({ failure }) => failure), Array(6).fill(null));
  assertEquals(seen, ["1.txt", "2.txt", "3.txt", "docs"]);
  assertStringIncludes(played.notes[0] ?? "", "provisioned 1 file and 2 directories");
  assertEquals(await share.tree(), []);
});

Deno.test("users with a directory of their own have the tree in there", async () => {
  const share = new Share();
  const played = passed(await share.run(users(), { ...isolated, root: "load" }));
  assertEquals(played.iterations.map(({ failure }) => failure), Array(6).fill(null));
  assertStringIncludes(played.notes[0] ?? "", "provisioned 3 files and 9 directories");
  assertEquals(await share.tree(), []);
  passed(await share.run(users(), { ...isolated, ...options({ keep: true }), root: "load" }));
  const kept = await share.tree();
  for (const user of ["user0001", "user0002", "user0003"]) {
    assert(kept.includes(`load/${user}/docs/plan.docx 65536`), kept.join());
  }
  const { notes } = passed(await share.run(users(), { ...isolated, root: "load" }));
  assertStringIncludes(notes[0] ?? "", "removed what an earlier run had left");
  assertEquals(await share.tree(), []);
});

Deno.test("a folder with files is refused under load, too, and nothing is sent", async () => {
  const share = new Share();
  await share.as((alice) => alice.writeFile("precious.txt", "mine"));
  const { error, operations } = await share.run(users());
  assertInstanceOf(error, ProvisionError);
  assertStringIncludes(error.message, "it is not empty");
  assertEquals(operations, []);
  passed(await share.run(users(), options({ existing: true })));
  assertEquals(await share.tree(), ["precious.txt 4"]);
});

Deno.test("the scenarios of a suite have their trees together, each path once", async () => {
  const share = new Share();
  const other = (size: number) =>
    scenario({
      name: "other",
      provision: { share: { "docs/deep/": {}, "docs/plan.docx": { size, seed: 3 }, "b/": {} } },
    }, async ({ client }) => {
      assert(await (await client("bob")).exists("b"));
    });
  passed(await share.run(suite({ name: "both" }, { users: users(), other: other(65_536) })));
  assertEquals(await share.tree(), []);
  await assertRejects(
    () => share.run(suite({ name: "both" }, { users: users(), other: other(1) })),
    ProvisionError,
    "docs\\plan.docx of share share: two scenarios want it differently",
  );
});

Deno.test("with --verify each read is compared, whichever user wrote; a stranger's write is a difference", async () => {
  const share = new Share();
  const differing = async (verify: boolean, meddles: boolean) => {
    const written = Promise.withResolvers<void>();
    const both = scenario({ name: "both", provision: TREE }, async ({ client, user }) => {
      const me = await client();
      if (user.number === 1) {
        await me.writeFile("docs/common.txt", data(5000, 1));
        return written.resolve();
      }
      await written.promise;
      if (meddles) {
        await share.as(async (stranger) => {
          await using common = await stranger.open("docs/common.txt", { access: "rw" });
          await common.write(4999, "!");
          await using plan = await stranger.open("docs/plan.docx", { access: "rw" });
          await plan.write(9000, "!");
        });
      }
      await me.readFile("docs/common.txt");
      await me.readFile("docs/plan.docx");
    });
    const load = { executor: "per-user-iterations", users: 2, iterations: 1 };
    const { operations, iterations } = passed(await share.run(both, { verify, load }));
    assertEquals(iterations.map(({ failure }) => failure), [null, null]);
    return operations.flatMap(({ path, wrongData }) =>
      wrongData === undefined ? [] : [[path, wrongData]]
    );
  };
  assertEquals(await differing(true, false), []);
  assertEquals(await differing(true, true), [
    ["docs\\common.txt", 4096],
    ["docs\\plan.docx", 8192],
  ]);
  assertEquals(await differing(false, true), []);
});

const FILE = `import { scenario } from "smbench";
export default scenario({
  name: "users",
  provision: { share: { "docs/plan.docx": { size: "64k", seed: 3 } } },
  load: { executor: "per-user-iterations", users: 4, iterations: 2 },
}, async ({ client, user }) => {
  const me = await client();
  await me.readFile("docs/plan.docx");
  await me.mkdir(\`\${user.number}-\${user.iteration}\`);
  await me.writeFile(\`\${user.number}-\${user.iteration}/a.txt\`, "x");
});`;

Deno.test("workers wait until all is there, and one removes what all have made", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smbench-group-" });
  const share = new Share();
  await using server = startWatchedServer(share.serving);
  const path = `${folder}/users.ts`;
  const run = (...args: string[]) =>
    smbench(["run", path, "-t", server.target, "-U", ACCOUNT.name, ...args], {
      env: { SMBENCH_PASSWORD: ACCOUNT.password },
    });
  try {
    await Deno.writeTextFile(path, FILE);
    const two = await run("--workers", "2");
    assertEquals(two.code, 0, two.err + two.out);
    assertEquals(two.err.match(/provisioned 1 file/g)?.length, 1);
    assertEquals(await share.tree(), []);
    const isolated = await run("--workers", "2", "--isolate", "path", "--keep");
    assertEquals(isolated.code, 0, isolated.err);
    assertEquals((await share.tree()).filter((one) => one.endsWith("plan.docx 65536")).length, 4);
    const again = await run("--workers", "2");
    assertEquals(again.code, 0, again.err);
    assertStringIncludes(again.err, "removed what an earlier run had left");
    assertEquals(await share.tree(), []);
    await share.as((alice) => alice.writeFile("precious.txt", "mine"));
    const refused = await run("--workers", "2");
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.out, "it is not empty");
    const verified = await run("--workers", "2", "--provision-existing", "--verify");
    assertEquals(verified.code, 0, verified.err);
    assertStringIncludes(verified.err, "with --verify all users are in one thread");
    assertEquals(await share.tree(), ["precious.txt 4"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
