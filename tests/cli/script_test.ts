/** The scripting API over the client, against the server in memory. */
import { SkippingClock } from "../harness/skipping_clock.ts";
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { data, expect, NoResponseError, replay, scenario, StatusError } from "../../mod.ts";
import { passed, play } from "./harness.ts";

Deno.test("a user writes, reads, lists, renames and removes", async () => {
  const { operations } = passed(
    await play(scenario({ name: "files" }, async ({ client, log }) => {
      const alice = await client("alice");
      await alice.mkdir("dir");
      await alice.writeFile("dir/a.txt", "hello");
      await alice.rename("dir/a.txt", "dir/b.txt");
      expect(await alice.exists("dir/a.txt")).toBe(false);
      expect((await alice.stat("dir/b.txt")).size).toBe(5);
      const entries = await alice.list("dir");
      expect(entries.map(({ name, size, directory }) => [name, size, directory])).toEqual([
        ["b.txt", 5, false],
      ]);
      log(new TextDecoder().decode(await alice.readFile("dir/b.txt")));
      await alice.remove("dir/b.txt");
      await alice.remove("dir");
      expect(await alice.exists("dir")).toBe(false);
    })),
  );
  assert(operations.every(({ matched }) => matched));
  assertEquals(operations.slice(0, 4).map(({ command }) => command), [
    "NEGOTIATE",
    "SESSION_SETUP",
    "TREE_CONNECT",
    "CREATE",
  ]);
});

Deno.test("an unexpected status throws with command, status and path, at the script's line", async () => {
  const { failed, error } = await play(scenario({ name: "missing" }, async ({ client }) => {
    const alice = await client("alice");
    await alice.open("nothing.txt");
  }));
  assert(failed);
  assertInstanceOf(error, StatusError);
  assertEquals([error.command, error.status, error.code, error.path], [
    "CREATE",
    "OBJECT_NAME_NOT_FOUND",
    0xc0000034,
    "nothing.txt",
  ]);
  assertStringIncludes(error.stack ?? "", "script_test.ts");
});

Deno.test("an expected error is no failure, and leaves a file that is not open", async () => {
  const { operations } = passed(
    await play(scenario({ name: "expected" }, async ({ client }) => {
      const alice = await client("alice");
      const file = await alice.open("x", { expect: "OBJECT_NAME_NOT_FOUND" });
      expect(file.isOpen).toBe(false);
      const operation = alice.open("y", { expect: ["SUCCESS", "OBJECT_NAME_NOT_FOUND"] });
      expect(await operation.outcome).toMatchObject({
        status: "OBJECT_NAME_NOT_FOUND",
        matched: true,
      });
    })),
  );
  assertEquals(operations.filter(({ matched }) => !matched), []);
});

Deno.test("a break reaches the file's owner, and the policy decides", async () => {
  const { breaks } = passed(
    await play(scenario({ name: "break" }, async ({ client }) => {
      const alice = await client("alice");
      const bob = await client("bob");
      const file = await alice.open("f", { access: "rw", disposition: "create", lease: "RWH" });
      expect(file.granted).toBe("RWH");
      const broken = file.leaseBreak();
      await using _theirs = await bob.open("f", { access: "r" });
      expect(await broken).toMatchObject({
        kind: "lease",
        from: "RWH",
        to: "RH",
        ackRequired: true,
      });
      expect(file.granted).toBe("RH");
    })),
  );
  assertEquals(breaks.length, 1);
  assertEquals(breaks[0]?.ackStatus, 0);
});

Deno.test("a withheld break is answered when the script says so, and holds the other open until then", async () => {
  passed(
    await play(scenario({ name: "withheld" }, async ({ client, sleep }) => {
      const alice = await client("alice");
      const bob = await client("bob");
      const file = await alice.open("f", {
        access: "rw",
        disposition: "create",
        lease: "RWH",
        onBreak: "withhold",
      });
      const theirs = bob.open("f", { access: "r" });
      const broken = await file.leaseBreak();
      let opened = false;
      void theirs.then(() => opened = true);
      await sleep(0.05);
      expect(opened).toBe(false);
      await broken.acknowledge({ to: "R" });
      await (await theirs).close();
      expect(file.granted).toBe("R");
    })),
  );
});

Deno.test("a file that closes on a break needs no acknowledgement", async () => {
  const { breaks } = passed(
    await play(scenario({ name: "close" }, async ({ client }) => {
      const alice = await client("alice");
      const bob = await client("bob");
      const file = await alice.open("f", {
        access: "rw",
        disposition: "create",
        lease: "RWH",
        onBreak: "close",
      });
      await using _theirs = await bob.open("f", { access: "r" });
      expect(file.isOpen).toBe(false);
    })),
  );
  assertEquals(breaks.map(({ acknowledgedAt }) => acknowledgedAt), [null]);
});

Deno.test("operations leave when they are made, and each has its own outcome", async () => {
  passed(
    await play(scenario({ name: "flight" }, async ({ client }) => {
      const alice = await client("alice");
      await using file = await alice.open("f", { access: "rw", disposition: "create" });
      await file.write(0, data(65536, 1));
      const reads = [0, 1, 2, 3].map((i) => file.read(i * 16384, 16384));
      const parts = await Promise.all(reads);
      expect(parts.map((part) => part.length)).toEqual([16384, 16384, 16384, 16384]);
      expect(Uint8Array.from(parts.flatMap((part) => [...part]))).toEqual(data(65536, 1));
    })),
  );
});

Deno.test("a compound's requests share one file, and its failure names what failed", async () => {
  const { operations } = passed(
    await play(scenario({ name: "compound" }, async ({ client }) => {
      const alice = await client("alice");
      const chain = alice.compound();
      const file = chain.open("f", { access: "rw", disposition: "create" });
      const wrote = chain.write(0, "hello");
      chain.close();
      await chain.send();
      expect(await wrote).toBe(5);
      expect((await file).isOpen).toBe(false);

      const failing = alice.compound();
      void failing.open("nothing");
      void failing.close({ expect: "any" });
      await expect(failing.send()).rejects.toThrow("OBJECT_NAME_NOT_FOUND");
    })),
  );
  assertEquals(operations.slice(3, 6).map(({ command, path }) => [command, path]), [
    ["CREATE", "f"],
    ["WRITE", "f"],
    ["CLOSE", "f"],
  ]);
});

Deno.test("an operation without an answer ends when its time is up", async () => {
  const { failed, error, operations } = await play(
    scenario({ name: "lost" }, async ({ client }) => {
      const alice = await client("alice");
      await using directory = await alice.open("", { options: ["directory"] });
      await directory.changes({ timeout: "100ms" });
    }),
  );
  assert(failed);
  assertInstanceOf(error, NoResponseError);
  assertStringIncludes(error.message, "no response within 0.1 s");
  assertEquals(operations.find(({ command }) => command === "CHANGE_NOTIFY")?.status, null);
});

Deno.test("within a compound, files are renamed, linked, changed and deleted in words too", async () => {
  passed(
    await play(scenario({ name: "words" }, async ({ client }) => {
      const alice = await client("alice");
      await alice.mkdir("d");
      const chain = alice.compound();
      chain.open("a.txt", { access: "all", disposition: "create" });
      chain.rename("d/b.txt");
      chain.setBasic({ modified: "2026-01-02T03:04:05Z", attributes: ["hidden", "archive"] });
      chain.truncate(7);
      chain.close();
      await chain.send();
      const { size, modified, attributes } = await alice.stat("d/b.txt");
      expect([size, modified.toISOString(), attributes & 2]).toEqual([
        7,
        "2026-01-02T03:04:05.000Z",
        2,
      ]);
      const removal = alice.compound();
      removal.open("d/b.txt", { access: "d" });
      removal.delete();
      removal.close();
      await removal.send();
      expect(await alice.exists("d/b.txt")).toBe(false);
    })),
  );
});

Deno.test("a watch that a replay's server does not answer is given up a while after its recorded answer", async () => {
  const customer = replay({ source: "x.pcap", clients: { a: {} } }, {
    async a(c, p) {
      const tree = await (await (await c.connect()).login()).tree(p.share("share"));
      const folder = await tree.open(p.path(""), { options: ["directory"] });
      await c.at(0, 7, { took: 2.5 });
      await folder.changes();
      const unanswered = folder.changes({ expect: ["any", "none"] });
      await c.at(1000, 9);
      unanswered.cancel();
      await unanswered;
    },
  });
  const { operations } = await play(customer, { clock: new SkippingClock(), timeout: 60 });
  const watches = operations.filter(({ command }) => command === "CHANGE_NOTIFY");
  assertEquals(watches.map(({ error, matched }) => [error, matched]), [
    ["no response within 12.5 s", false],
    ["no response within 60 s", true],
  ]);
});

Deno.test("a pending operation says so, and can be cancelled", async () => {
  passed(
    await play(scenario({ name: "cancel" }, async ({ client }) => {
      const alice = await client("alice");
      await using directory = await alice.open("", { options: ["directory"] });
      const changes = directory.changes({ expect: "CANCELLED" });
      expect(await changes.pending).toBe(true);
      expect(await alice.open("", { options: ["directory"] }).pending).toBe(false);
      changes.cancel();
      expect(await changes).toEqual([]);
      const next = directory.changes();
      await alice.writeFile("new.txt", "x");
      expect(await next).toEqual([{ action: "added", name: "new.txt" }]);
    })),
  );
});

Deno.test("parameters come from text and reach the scenario with their types", async () => {
  const params = z.object({ rounds: z.number().default(1) });
  const { log } = passed(
    await play(
      scenario({ name: "params", params }, ({ params, log }) => log(`rounds ${params.rounds + 1}`)),
      { params: { rounds: "41" } },
    ),
  );
  assertEquals(log, ["rounds 42"]);
});

Deno.test("a replay records what differs, skips what depends on it, and never throws", async () => {
  const { operations, failed } = await play(replay({ source: "x", clients: { a: {} } }, {
    async a(c, p) {
      const n1 = await c.connect();
      const s1 = await n1.login();
      const t1 = await s1.tree(p.share("captured"));
      await c.at(0.001, 10);
      const f1 = await t1.open(p.path("missing"), { access: "r" });
      await c.at(0.002, 12);
      const bytes = await f1.read(0, 10);
      expect(bytes.length).toBe(0);
      await c.at(0.003, 14);
      const f2 = await t1.open(p.path("new"), {
        disposition: "create",
        expect: "OBJECT_NAME_COLLISION",
      });
      await f2.close();
    },
  }));
  assertEquals(failed, false);
  assertEquals(
    operations.slice(3).map((
      { label, command, matched, skipped },
    ) => [label, command, matched, skipped]),
    [
      ["10", "CREATE", false, undefined],
      ["12", "READ", false, "its open did not succeed (OBJECT_NAME_NOT_FOUND)"],
      ["14", "CREATE", false, undefined],
      [null, "CLOSE", true, undefined],
    ],
  );
});

Deno.test("a replay compares the lease that it got with the recorded one", async () => {
  const { operations } = passed(
    await play(replay({ source: "x", clients: { a: {} } }, {
      async a(c, p) {
        const t1 = await (await (await c.connect()).login()).tree(p.share("share"));
        await t1.open("f", {
          access: "rw",
          disposition: "create",
          lease: "RWH",
          expectGrant: "RH",
        });
      },
    })),
  );
  assertEquals(operations.at(-1)?.grant, { expected: "RH", actual: "RWH" });
});

Deno.test("clients start together, keep recorded times, and speed divides them", async () => {
  const script = replay({ source: "x", clients: { a: {}, b: {} } }, {
    async a(c) {
      const n1 = await c.connect();
      await c.at(0.2, 1);
      await n1.echo();
    },
    async b(c) {
      const n1 = await c.connect();
      for await (const _ of c.times(0.1, 3, 0.1, { label: 2, labelStep: 2 })) await n1.echo();
    },
  });
  for (const speed of [1, 4]) {
    const { operations } = passed(await play(script, { speed }));
    const echoes = operations.filter(({ command }) => command === "ECHO");
    assertEquals(echoes.map(({ label }) => label).toSorted(), ["1", "2", "4", "6"]);
    for (const { label, due, sentAt } of echoes) {
      const recorded = { 1: 200, 2: 100, 4: 200, 6: 300 }[label ?? ""] ?? 0;
      assert(Math.abs((due ?? 0) - recorded / speed) < 1e-6);
      assert((sentAt ?? 0) >= (due ?? 0), "sent before it was due");
    }
  }
});

Deno.test("as soon as possible nothing waits for its time, and happens-before still holds", async () => {
  const { operations } = passed(
    await play(
      replay({ source: "x", clients: { a: {}, b: {} } }, {
        async a(c) {
          const n1 = await c.connect();
          await c.at(3600, 7, { after: [5] });
          await n1.echo();
        },
        async b(c) {
          const n1 = await c.connect();
          await c.sleep(1800);
          await n1.echo();
          await n1.echo();
          await c.at(1800, 5);
          await n1.echo();
        },
      }),
      { asap: true },
    ),
  );
  const at = (label: string) => operations.find((record) => record.label === label);
  assert((at("7")?.sentAt ?? 0) >= (at("5")?.completedAt ?? Infinity));
  assertEquals(at("7")?.due, null);
});

Deno.test("a client whose first act is to wait is not let go before the others have begun", async () => {
  const { operations, notes } = passed(
    await play(
      replay({ source: "x", clients: { a: {}, b: {} } }, {
        async a(c) {
          await c.at(0, 1, { after: [2] });
          await c.connect();
        },
        async b(c) {
          await c.at(0, 2);
          await c.connect();
        },
      }),
      { asap: true },
    ),
  );
  assertEquals(operations.map(({ label }) => label), ["2", "1"]);
  assertEquals(notes, []);
});

Deno.test("clients that wait for each other for ever go on, and the report says so", async () => {
  const { notes, operations } = passed(
    await play(
      replay({ source: "x", clients: { a: {}, b: {} } }, {
        async a(c) {
          await c.at(0, 1, { after: [2] });
          await c.connect();
        },
        async b(c) {
          await c.at(0, 2, { after: [1] });
          await c.connect();
        },
      }),
      { asap: true, timeout: 30 },
    ),
  );
  assertEquals(notes.length, 2);
  assertStringIncludes(notes[0] ?? "", "no such operation was answered");
  assertEquals(operations.length, 2);
});

Deno.test("a break that does not come is recorded, and the replay goes on", async () => {
  const { operations, failed } = await play(replay({ source: "x", clients: { a: {} } }, {
    async a(c, p) {
      const t1 = await (await (await c.connect()).login()).tree(p.share("share"));
      const f1 = await t1.open("f", { access: "rw", disposition: "create", lease: "RWH" });
      await f1.leaseBreak({ label: 99, timeout: "50ms" });
      await f1.close();
    },
  }));
  assertEquals(failed, false);
  const missing = operations.find(({ command }) => command === "BREAK");
  assertEquals([missing?.label, missing?.matched, missing?.error], [
    "99",
    false,
    "no lease break within 0.05 s",
  ]);
  assertEquals(operations.at(-1)?.command, "CLOSE");
});

Deno.test("a replay does not wait for a break where the server granted nothing", async () => {
  const { operations } = await play(replay({ source: "x", clients: { a: {} } }, {
    async a(c, p) {
      const t1 = await (await (await c.connect()).login()).tree(p.share("share"));
      const f1 = await t1.open("f", { access: "rw", disposition: "create" });
      await f1.leaseBreak({ label: 99, timeout: "1h" });
      await f1.close();
    },
  }));
  assertEquals(
    operations.find(({ command }) => command === "BREAK")?.error,
    "no lease break, as nothing was granted that it could break",
  );
  assertEquals(operations.at(-1)?.command, "CLOSE");
});

Deno.test("shares are mapped and paths go below the root", async () => {
  const { operations } = passed(
    await play(
      replay({ source: "x", clients: { a: {} } }, {
        async a(c, p) {
          const s1 = await (await c.connect()).login();
          const t1 = await s1.tree(p.share("Projects"));
          await t1.open(p.path(""), { options: ["directory"], disposition: "openIf" });
          await t1.open(p.path("a\\b"), { expect: "OBJECT_NAME_NOT_FOUND" });
          await s1.tree(p.share("ADMIN$"), { expect: "any" });
          await s1.tree(p.share("IPC$"), { expect: "any" });
        },
      }),
      { root: "base", shares: { "admin$": "backup" } },
    ),
  );
  assertEquals(operations.slice(2).map(({ path }) => path), [
    "\\\\server\\share",
    "base",
    "base\\a\\b",
    "\\\\server\\backup",
    "\\\\server\\IPC$",
  ]);
});

Deno.test("a login with the wrong password fails as recorded, and nothing is sent after it", async () => {
  const { operations, failed } = await play(replay({ source: "x", clients: { a: {} } }, {
    async a(c, p) {
      const n1 = await c.connect();
      const s1 = await n1.login({ credentials: "wrong", expect: "LOGON_FAILURE" });
      await s1.tree(p.share("share"));
    },
  }));
  assertEquals(failed, false);
  assertEquals(operations.map(({ command, matched, skipped }) => [command, matched, skipped]), [
    ["NEGOTIATE", true, undefined],
    ["SESSION_SETUP", true, undefined],
    ["TREE_CONNECT", false, "the login did not succeed (LOGON_FAILURE)"],
  ]);
});

Deno.test("a request on a closed file is sent: the server answers it", async () => {
  const { operations } = passed(
    await play(replay({ source: "x", clients: { a: {} } }, {
      async a(c, p) {
        const t1 = await (await (await c.connect()).login()).tree(p.share("share"));
        const f1 = await t1.open("f", { access: "rw", disposition: "create" });
        await f1.close();
        await f1.close({ expect: "FILE_CLOSED" });
        await t1.unopened("f9").close({ expect: "FILE_CLOSED" });
      },
    })),
  );
  assertEquals(operations.filter(({ matched }) => !matched), []);
});

Deno.test("an open may ask for durability beside a lease, in the order of its contexts", async () => {
  passed(
    await play(scenario({ name: "durable" }, async ({ client }) => {
      const alice = await client("alice");
      const file = await alice.open("f", {
        access: "rw",
        disposition: "create",
        lease: { state: "RWH", key: "k" },
        contexts: [{ kind: "DH2Q", createGuid: "g" }, "RqLs"],
      });
      expect(file.isOpen).toBe(true);
    })),
  );
});

Deno.test("blobs are there before the first write", async () => {
  const { operations } = passed(
    await play(
      scenario({ name: "blob" }, async ({ client }) => {
        const alice = await client("alice");
        await using file = await alice.open("f", { access: "rw", disposition: "create" });
        expect(await file.write(0, { path: "blobs/3f2a.bin" })).toBe(3);
        expect([...await file.read(0, 3)]).toEqual([1, 2, 3]);
      }),
      { blobs: { "blobs/3f2a.bin": Uint8Array.of(1, 2, 3) } },
    ),
  );
  assertEquals(operations.find(({ command }) => command === "WRITE")?.payload, 3);
});

Deno.test("what goes over a lost connection, or back to a file that never was, is skipped with the reason", async () => {
  const { operations, failed } = await play(replay({ source: "x", clients: { a: {} } }, {
    async a(c, p) {
      const n1 = await c.connect();
      const s1 = await n1.login();
      const t1 = await s1.tree(p.share("share"));
      const f1 = await t1.open("missing", { expect: "OBJECT_NAME_NOT_FOUND" });
      await t1.open("f", { contexts: [{ kind: "DHnC", file: f1 }] });
      const f2 = await t1.open("f", { access: "rw", disposition: "create" });
      await f2.ioctl("SRV_COPYCHUNK", { resumeKey: f1, input: new Uint8Array(32) });
      n1.disconnect();
      await n1.disconnected();
      await f2.read(0, 1);
      await s1.logoff();
    },
  }));
  assertEquals(failed, false);
  assertEquals(operations.slice(3).map(({ command, skipped }) => [command, skipped]), [
    ["CREATE", undefined],
    ["CREATE", "the file to reconnect to was never open"],
    ["CREATE", undefined],
    ["IOCTL", "the file to copy from has no resume key"],
    ["READ", "the connection is closed"],
    ["LOGOFF", "the connection is closed"],
  ]);
});

Deno.test("a related request without a file before it is sent all the same", async () => {
  const { operations } = passed(
    await play(replay({ source: "x", clients: { a: {} } }, {
      async a(c, p) {
        const t1 = await (await (await c.connect()).login()).tree(p.share("share"));
        const chain = t1.compound();
        void chain.close({ expect: "any" });
        await chain.send();
        await t1.disconnect();
        await t1.open("f", { expect: "NETWORK_NAME_DELETED" });
      },
    })),
  );
  assertEquals(operations.slice(3).map(({ command, status }) => [command, status !== null]), [
    ["CLOSE", true],
    ["TREE_DISCONNECT", true],
    ["CREATE", true],
  ]);
});

Deno.test("where closing fails as well, what failed first is told", async () => {
  const { iterations } = passed(
    await play(
      scenario({ name: "both" }, async ({ client }) => {
        const me = await client();
        await using _one = { [Symbol.asyncDispose]: () => Promise.reject(new Error("second")) };
        await using _two = { [Symbol.asyncDispose]: () => Promise.reject(new Error("third")) };
        await me.open("missing");
      }),
      { load: { executor: "per-user-iterations", users: 1, iterations: 1 } },
    ),
  );
  assertStringIncludes(iterations[0]?.failure ?? "", "OBJECT_NAME_NOT_FOUND");
});
