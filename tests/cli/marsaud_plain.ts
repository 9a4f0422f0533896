/** Runs with `--backend marsaud` that succeed and that are refused, against any target: for the tests of both. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Ran, smbench } from "./harness.ts";

/** How a target is named, and how to log in to it. */
export interface Where {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const PLAIN = `import { expect, scenario } from "smbench";

export default scenario({ name: "plain office work" }, async ({ client }) => {
  const alice = await client("alice");
  await alice.mkdir("marsaud");
  await alice.writeFile("marsaud\\\\draft.docx", "x".repeat(150_000));
  expect((await alice.readFile("marsaud\\\\draft.docx")).length).toBe(150_000);
  const { size, directory } = await alice.stat("marsaud\\\\draft.docx");
  expect([size, directory]).toEqual([150_000, false]);
  await alice.rename("marsaud\\\\draft.docx", "marsaud\\\\final.docx");
  const bob = await client("bob");
  expect((await bob.list("marsaud")).map(({ name }) => name)).toEqual(["final.docx"]);
  expect(await bob.exists("marsaud\\\\draft.docx")).toBe(false);
  await bob.remove("marsaud\\\\final.docx");
  await bob.remove("marsaud");
  await bob.close();
});
`;

/** Line 5 is the one that cannot be carried out; line 7 would be a failure of its own. */
function refusedAtLine5(call: string): string {
  return `import { scenario } from "smbench";

export default scenario({ name: "refused" }, async ({ client }) => {
  const alice = await client("alice");
  ${call}
  await alice.mkdir("never");
  throw new Error("Cannot get here");
});
`;
}

const REFUSED: readonly (readonly [call: string, sentence: string])[] = [
  [
    `await alice.open("a", { disposition: "openIf", lease: "RWH" });`,
    "Cannot send CREATE with @marsaud/smb2: it has neither oplocks nor leases",
  ],
  [
    `await alice.connection.echo().catch(() => {});`,
    "Cannot send ECHO with @marsaud/smb2: it has no such request",
  ],
  [
    `alice.compound();`,
    "Cannot send a compound with @marsaud/smb2: it has none",
  ],
];

const REPLAY = `import { replay } from "smbench";

export default replay({ source: "a.pcap", clients: { c1: { user: "jsmith" } } }, {
  async c1(c) {
    await c.connect({ dialects: ["3.1.1"] });
  },
});
`;

function workload(operations: readonly Record<string, unknown>[]): string {
  return JSON.stringify({
    version: 1,
    metadata: { source: "plain.pcap", duration_seconds: 0.01, client_count: 1 },
    clients: [{ client_id: "c1", operation_count: operations.length }],
    operations: operations.map((operation, index) => ({
      op_id: String(index + 1),
      client_id: "c1",
      timestamp_us: index * 1000,
      ...operation,
    })),
  });
}

const PLAIN_WORKLOAD = workload([
  { type: "Mkdir", path: "json" },
  { type: "Open", path: "json\\a.bin", handle_ref: "h1", mode: "ReadWrite" },
  { type: "Write", handle_ref: "h1", offset: 0, length: 70_000 },
  { type: "Read", handle_ref: "h1", offset: 10, length: 1000 },
  { type: "Close", handle_ref: "h1" },
  { type: "QueryDirectory", path: "json" },
  { type: "Rename", path: "json\\a.bin", new_path: "json\\b.bin" },
  { type: "Delete", path: "json\\b.bin" },
  { type: "Rmdir", path: "json" },
]);

const REFUSED_WORKLOAD = workload([
  { type: "Open", path: "a.bin", handle_ref: "h1", mode: "ReadWrite" },
  { type: "Lock", handle_ref: "h1", offset: 0, length: 1 },
  { type: "Flush", handle_ref: "h1" },
]);

async function run(
  file: { readonly name: string; readonly text: string },
  where: Where,
): Promise<Ran> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/${file.name}`, file.text);
    return await smbench(
      ["run", `${folder}/${file.name}`, "--backend", "marsaud", ...where.args],
      where.env === undefined ? {} : { env: where.env },
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Plain file operations of a scenario and of a workload pass; whatever else is refused, with the exit code of usage. */
export async function checkMarsaudRuns(t: Deno.TestContext, where: Where): Promise<void> {
  await t.step("a scenario of plain file operations passes", async () => {
    const { code, out, err } = await run({ name: "plain.ts", text: PLAIN }, where);
    assertStringIncludes(out, "\nPassed\n", err);
    assertEquals(code, 0);
    // Left out with the reason, and no failure: TREE_DISCONNECT and LOGOFF.
    assertStringIncludes(out, "0 different, 2 skipped");
    assertStringIncludes(err, "ends sessions and trees by closing the connection");
  });
  await t.step("a workload of plain file operations passes", async () => {
    const { code, out, err } = await run({ name: "plain.json", text: PLAIN_WORKLOAD }, where);
    assertStringIncludes(out, "\nPassed\n", err);
    assertEquals(code, 0);
  });
  await t.step(
    "a workload with a lock is refused before the run, operation by operation",
    async () => {
      const { code, out, err } = await run({ name: "lock.json", text: REFUSED_WORKLOAD }, where);
      assertEquals([code, out], [2, ""]);
      assertStringIncludes(
        err,
        "  2 Lock: it has no byte-range locks\n  3 Flush: it has no such request\n",
      );
    },
  );
  for (const [call, sentence] of REFUSED) {
    await t.step(`a scenario is stopped, with its line, at ${call}`, async () => {
      const { code, out } = await run({ name: "refused.ts", text: refusedAtLine5(call) }, where);
      assertStringIncludes(out, "refused.ts:5:");
      assertStringIncludes(out, `: ${sentence}\n`);
      assertEquals(code, 2);
    });
  }
  await t.step("a replay of 3.1.1 is stopped before its first request", async () => {
    const { code, out } = await run({ name: "replay.ts", text: REPLAY }, where);
    assertStringIncludes(out, "replay.ts:5:");
    assertStringIncludes(out, "it offers the dialects 2.0.2 and 2.1, and not 3.1.1");
    assertStringIncludes(out, "0 sent");
    assertEquals(code, 2);
  });
}
