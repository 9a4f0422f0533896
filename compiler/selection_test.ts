import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { PlanClient, PlanOperation } from "./plan.ts";
import type { PlanSource } from "./plan_source.ts";
import type { Criteria } from "./criteria.ts";
import { select, Selection } from "./selection.ts";
import { Turns } from "./turns.ts";

type Fields = Record<string, unknown>;

/** A plan of operations that are told by what matters; ids count from 1, times in seconds go with them. */
class Story {
  readonly operations: PlanOperation[] = [];
  readonly #clients = new Map<string, PlanClient>();
  readonly #trees = new Map<string, string>();

  /** Connects, logs in and connects to a share. */
  arrive(client: string, options: { share?: string; user?: string; server?: string } = {}): this {
    const { share = "data", user = client, server = "10.0.0.9:445" } = options;
    const address = `10.0.0.${this.#clients.size + 1}`;
    const clientGuid = `00000000-0000-0000-0000-00000000000${this.#clients.size + 1}`;
    this.#clients.set(client, {
      id: client,
      address,
      clientGuid,
      users: [user],
      operationCount: 0,
    });
    this.add(client, "connect", { connection: "n1", server });
    this.add(client, "login", { connection: "n1", session: "s1", user });
    this.#trees.set(client, "t1");
    return this.add(client, "tree", { session: "s1", tree: "t1", path: `\\\\lab\\${share}` });
  }

  leave(client: string): this {
    this.add(client, "untree", { tree: "t1" });
    this.add(client, "logoff", { session: "s1" });
    return this.add(client, "disconnect", { connection: "n1" });
  }

  open(client: string, file: string, path: string, fields: Fields = {}): this {
    const { granted, ...others } = fields;
    return this.add(client, "create", {
      tree: "t1",
      file,
      path,
      options: 0,
      oplock: 0,
      contexts: [],
      granted: granted === null
        ? null
        : { oplock: 0, lease: null, action: 1, size: "0", ...granted as Fields },
      ...others,
    });
  }

  on(client: string, kind: string, file: string, fields: Fields = {}): this {
    return this.add(client, kind, { tree: "t1", file, ...fields });
  }

  add(client: string, kind: string, fields: Fields = {}): this {
    const id = this.operations.length + 1;
    const at = (fields["at"] as number | undefined) ?? id;
    this.operations.push({
      id,
      client,
      kind,
      at,
      answeredAt: at + 0.5,
      frames: { request: 10 * id, response: 10 * id + 1 },
      status: 0,
      after: [],
      ...fields,
    } as unknown as PlanOperation);
    return this;
  }

  get source(): PlanSource {
    return {
      count: this.operations.length,
      clients: [...this.#clients.values()],
      source: {
        name: "x.pcap",
        start: "2026-01-31T12:00:00.000Z",
        seconds: Math.max(...this.operations.map(({ answeredAt }) => answeredAt ?? 0)),
      },
      operations: () => this.operations,
    };
  }

  /** Ids of what is kept. */
  kept(criteria: Criteria): number[] {
    const selection = new Selection(criteria, this.source);
    for (const operation of this.operations) selection.see(operation);
    return [...selection.kept(this.operations)].map(({ id }) => id);
  }
}

const RENAME = {
  infoType: 1,
  class: 10,
  additional: 0,
};

function renameTo(name: string): Fields {
  const bytes = new Uint8Array(20 + 2 * name.length);
  new DataView(bytes.buffer).setUint32(16, 2 * name.length, true);
  for (let index = 0; index < name.length; index++) bytes[20 + 2 * index] = name.charCodeAt(index);
  return { ...RENAME, input: bytes.toHex() };
}

function leased(key: string): Fields {
  return {
    oplock: 255,
    contexts: [{ kind: "RqLs", version: 1, key, state: 7, flags: 0 }],
    granted: { lease: 7, oplock: 255 },
  };
}

/** One client, two files: ids 1-3 arrive, 4-6 `a.txt`, 7-9 `b\c.doc`, 10-12 leave. */
function two(): Story {
  return new Story().arrive("ann")
    .open("ann", "f1", "a.txt").on("ann", "read", "f1", { returned: null, offset: "0" })
    .on("ann", "close", "f1")
    .open("ann", "f2", "b\\c.doc").on("ann", "write", "f2", { offset: "0", data: { length: 1 } })
    .on("ann", "close", "f2")
    .leave("ann");
}

Deno.test("a read keeps its open, its close and how the client came and went", () => {
  assertEquals(two().kept({ commands: ["read"] }), [1, 2, 3, 4, 5, 6, 10, 11, 12]);
});

Deno.test("kinds of criteria are met together, criteria of a kind one at least", () => {
  const story = two();
  const doc = (path: string) => path.endsWith(".doc");
  assertEquals(story.kept({ paths: [doc] }), [1, 2, 3, 7, 8, 9, 10, 11, 12]);
  assertEquals(story.kept({ paths: [doc], commands: ["READ"] }), []);
  assertEquals(story.kept({ paths: [doc], commands: ["READ", "WRITE"] }).length, 9);
  assertEquals(story.kept({ shares: ["DATA"], servers: ["lab"] }).length, 10 + 2);
  assertEquals(story.kept({ servers: ["10.0.0.9"] }).length, 12);
  assertEquals(story.kept({ users: ["Bob"] }), []);
  assertEquals(story.kept({ frames: [{ first: 81, last: 81 }] }), [1, 2, 3, 7, 8, 9, 10, 11, 12]);
});

Deno.test("a client is told by its name, its address and its ClientGuid", () => {
  const story = new Story().arrive("ann").arrive("bob");
  for (const name of ["BOB", "10.0.0.2", "00000000-0000-0000-0000-000000000002"]) {
    assertEquals(story.kept({ clients: [name] }), [4, 5, 6], name);
  }
});

Deno.test("a time of day is one of the capture's clock", () => {
  const from = new Date("2026-01-31T12:00:07.600Z");
  assertEquals(two().kept({ times: [{ from, to: 8 }] }), [1, 2, 3, 7, 8, 9, 10, 11, 12]);
});

Deno.test("the rest of a compound is kept, a cancel and its target", () => {
  const chain = (index: number) => ({ chain: { id: 7, index, related: index > 0 } });
  const story = new Story().arrive("ann")
    .open("ann", "f1", "a", chain(0))
    .on("ann", "queryInfo", "f1", chain(1))
    .on("ann", "close", "f1", chain(2))
    .open("ann", "f2", "d")
    .on("ann", "changeNotify", "f2", {
      status: 0xc0000120,
      cancelled: true,
      frames: { request: 80, interim: 81 },
    })
    .add("ann", "cancel", { target: 8, answeredAt: null, status: null });
  assertEquals(story.kept({ commands: ["QUERY_INFO"] }), [1, 2, 3, 4, 5, 6]);
  assertEquals(story.kept({ commands: ["CANCEL"] }), [1, 2, 3, 7, 8, 9]);
  assertEquals(story.kept({ commands: ["CHANGE_NOTIFY"] }), [1, 2, 3, 7, 8, 9]);
});

Deno.test("a reconnect keeps the open that it takes up, a session the one before and the one it joins", () => {
  const story = new Story().arrive("ann").open("ann", "f1", "a")
    .add("ann", "connect", { connection: "n2", server: "10.0.0.9:445" })
    .add("ann", "login", { connection: "n2", session: "s2", user: "ann", previous: "s1" })
    .add("ann", "tree", { session: "s2", tree: "t2", path: "\\\\lab\\data" })
    .add("ann", "create", {
      tree: "t2",
      file: "f2",
      path: "a",
      options: 0,
      oplock: 0,
      contexts: [{ kind: "DHnC", file: "f1" }],
      granted: { oplock: 0, lease: null, action: 1, size: "0" },
    });
  assertEquals(story.kept({ frames: [{ first: 80, last: 80 }] }), [1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("opens under one lease are kept together, but not those that were closed before", () => {
  const story = new Story().arrive("ann")
    .open("ann", "f1", "a", leased("L1"))
    .on("ann", "close", "f1")
    .open("ann", "f2", "a", leased("L1"))
    .open("ann", "f3", "a", leased("L1"))
    .on("ann", "read", "f3", { returned: null, offset: "0" });
  assertEquals(story.kept({ commands: ["READ"] }), [1, 2, 3, 6, 7, 8]);
});

Deno.test("who broke a lease is kept with it, and whose lease was broken with who broke it", () => {
  const story = new Story().arrive("ann").arrive("bob").arrive("cy")
    .open("ann", "f1", "a", leased("L1"))
    .on("cy", "read", "f9")
    .open("bob", "f1", "A", { at: 12, answeredAt: 12.9 })
    .add("ann", "break", { file: "f1", breakKind: "lease", at: 12.1, answeredAt: 12.1 })
    .on("bob", "close", "f1", { at: 14 });
  assertEquals(story.kept({ clients: ["ann"] }), [1, 2, 3, 4, 5, 6, 10, 12, 13, 14]);
  assertEquals(story.kept({ clients: ["bob"] }), [1, 2, 3, 4, 5, 6, 10, 12, 13, 14]);
});

Deno.test("who was in the way is kept, with its locks", () => {
  const story = new Story().arrive("ann").arrive("bob")
    .open("ann", "f1", "a").on("ann", "lock", "f1", { ranges: [] })
    .on("ann", "read", "f1", { returned: null, offset: "0" })
    .open("bob", "f1", "a")
    .on("bob", "read", "f1", { status: 0xc0000054, returned: null, offset: "0" })
    .on("ann", "close", "f1");
  assertEquals(story.kept({ clients: ["bob"] }), [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12]);
});

Deno.test("the rename that gave a file its name is kept, also one of its directory", () => {
  const story = new Story().arrive("ann").arrive("bob")
    .open("ann", "f1", "old").on("ann", "setInfo", "f1", renameTo("new"))
    .on("ann", "close", "f1")
    .open("bob", "f1", "new\\x")
    .open("bob", "f2", "newer");
  const x = (path: string) => path.endsWith("x");
  assertEquals(story.kept({ paths: [x] }), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assertEquals(story.kept({ paths: [(path) => path === "newer"] }), [4, 5, 6, 11]);
});

Deno.test("a change between two looks at a path is kept, where they saw different things", () => {
  const gone = { granted: null, status: 0xc0000034 };
  const story = new Story().arrive("ann").arrive("bob")
    .open("bob", "f1", "a", gone)
    .open("ann", "f1", "a", { granted: { action: 2 } }).on("ann", "close", "f1")
    .open("bob", "f2", "a");
  assertEquals(story.kept({ clients: ["bob"] }), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const seen = new Story().arrive("ann").arrive("bob")
    .open("ann", "f1", "a", { granted: { action: 2 } }).on("ann", "close", "f1")
    .open("bob", "f2", "a");
  assertEquals(seen.kept({ clients: ["bob"] }), [4, 5, 6, 9]);
});

Deno.test("a watch keeps what ended it, a read who wrote so far", () => {
  const story = new Story().arrive("ann").arrive("bob")
    .open("ann", "f1", "d", { options: 1 })
    .on("ann", "changeNotify", "f1", { at: 8, answeredAt: 9.6 })
    .open("bob", "f1", "d\\x", { at: 9, answeredAt: 9.4, granted: { action: 2 } })
    .on("bob", "write", "f1", { offset: "0", data: { length: 10 }, at: 10 })
    .on("bob", "write", "f1", { offset: "4", data: { length: 2 }, at: 11 })
    .open("ann", "f2", "d\\x", { at: 12, granted: { size: "10" } })
    .on("ann", "read", "f2", { at: 13, offset: "0", returned: { length: 10 } });
  assertEquals(story.kept({ clients: ["ann"] }), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13]);
});

Deno.test("what lies in a directory that is made by what is kept is made, too", () => {
  const made = { granted: { action: 2 } };
  const story = new Story().arrive("ann").arrive("bob")
    .open("bob", "f1", "d", made).on("bob", "close", "f1")
    .open("ann", "f1", "d\\e", made).on("ann", "close", "f1")
    .open("ann", "f2", "d\\e\\x", made).on("ann", "close", "f2")
    .open("bob", "f2", "d\\e\\x");
  assertEquals(story.kept({ clients: ["bob"] }), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  const given = new Story().arrive("ann").arrive("bob")
    .open("ann", "f1", "d\\e", made).on("ann", "close", "f1")
    .open("bob", "f2", "d\\e");
  assertEquals(given.kept({ clients: ["bob"] }), [4, 5, 6, 9]);
});

Deno.test("whoever copies keeps the key that names the source, and what is in it", () => {
  const story = new Story().arrive("ann").open("ann", "f1", "a", { granted: { action: 2 } })
    .on("ann", "write", "f1", { offset: "0", data: { length: 9 } })
    .on("ann", "ioctl", "f1", { code: 0x00140078, input: "" })
    .open("ann", "f2", "b", { granted: { action: 2 } })
    .on("ann", "ioctl", "f2", {
      code: 0x001440f2,
      resumeKey: "f1",
      input: `${"00".repeat(24)}0100000000000000${"00".repeat(16)}0900000000000000`,
    })
    .on("ann", "read", "f2", { offset: "0", returned: { length: 9 } });
  assertEquals(story.kept({ commands: ["READ"] }), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("what an operation's header names besides is kept", () => {
  const story = new Story().arrive("ann")
    .add("ann", "login", { connection: "n1", session: "s2", user: "ann" })
    .open("ann", "f1", "a")
    .on("ann", "read", "f1", { returned: null, offset: "0" })
    .on("ann", "close", "f1", { ids: { session: "s2" } });
  assertEquals(story.kept({ commands: ["READ"] }), [1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("times before and behind what was asked for are shortened, in their order", async () => {
  const story = new Story().arrive("ann")
    .open("ann", "f1", "a", { at: 1000 })
    .on("ann", "read", "f1", { at: 3000, returned: null, offset: "0" })
    .on("ann", "close", "f1", { at: 9000 });
  const { source } = await select(story.source, { commands: ["READ"] });
  const times = [...source.operations()].map(({ at }) => at);
  assertEquals(times.map((at) => Math.round(100 * at) / 100), [0, 0, 0, 0.33, 1, 2.5]);
  assertEquals(source.source.seconds, 2.5);
  assertMatch(source.source.remarks!.join("\n"), /from 3000\.000 s to 3000\.500 s are kept/);
});

Deno.test("what was left out is counted by command, and no loss", async () => {
  const { notes, asked, needed, source } = await select(two().source, { commands: ["READ"] });
  assertEquals(notes, [
    { reason: "Not selected: CLOSE", loss: false, count: 1, frames: [] },
    { reason: "Not selected: CREATE", loss: false, count: 1, frames: [] },
    { reason: "Not selected: WRITE", loss: false, count: 1, frames: [] },
  ]);
  assertEquals([asked, needed, source.count], [1, 8, 9]);
  assertEquals(source.clients.map(({ operationCount }) => operationCount), [9]);
});

Deno.test("others get a turn while a selection is made, and can end it", async () => {
  const { source } = two();
  const [read] = source.operations();
  let seen = 0;
  const many = {
    ...source,
    count: 50_000,
    *operations() {
      for (let id = 100; id < 50_100; id++) {
        seen++;
        yield { ...read!, id };
      }
    },
  };
  const controller = new AbortController();
  const told: string[] = [];
  const turns = new Turns(many.count, {
    signal: controller.signal,
    work: ({ stage, done, of }) => {
      told.push(`${stage} ${done} of ${of}`);
      controller.abort();
    },
  });
  await assertRejects(() => select(many, { commands: ["READ"] }, turns), DOMException, "aborted");
  assertEquals(told, ["selecting 4096 of 50000"]);
  assert(seen < 20_000, `${seen} operations were looked at`);
});
