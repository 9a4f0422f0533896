/** Folded scripts send what unfolded ones send: on made-up plans, where anything may repeat or nearly so. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { recordingsOfText } from "../tests/harness/script_recorder.ts";
import { ScriptFolder } from "../tests/captures/scripts.ts";
import { seeded } from "./capture/_build.ts";
import { emitScenario } from "./emit/typescript.ts";
import type { FoldLevel } from "./fold.ts";
import type { Plan, PlanClient, PlanOperation } from "./plan.ts";

type Fields = Record<string, unknown> & { readonly kind: PlanOperation["kind"] };

const PATHS = [
  "docs\\Report_%.docx",
  "src\\file%.c",
  "%",
  "Größe\\日本語 %.txt",
  "class",
  "a\\*/ %",
];

/** Makes the plan of a client, one request after the other or overlapping. */
class Maker {
  readonly operations: PlanOperation[] = [];
  readonly #client: string;
  readonly #random: (below: number) => number;
  readonly #ids: { next: number };
  /** Answers to come: when, and of which. */
  #due: { at: number; id: number }[] = [];
  now = 0;
  #files = 0;

  constructor(client: string, ids: { next: number }, random: (below: number) => number) {
    this.#client = client;
    this.#ids = ids;
    this.#random = random;
    this.send({ kind: "connect", ...CONNECT, connection: "n1" });
    this.send({ kind: "login", ...LOGIN, connection: "n1", session: "s1", user: client });
    this.send({
      kind: "tree",
      session: "s1",
      tree: "t1",
      path: "\\\\lab\\docs",
      flags: 0,
      shareType: 1,
    });
  }

  /** Sends a request; its answer comes `takes` seconds later. */
  send(fields: Fields, how: { takes?: number; gap?: number; chain?: object } = {}): number {
    const id = this.#ids.next++;
    if (how.chain === undefined || (how.chain as { index: number }).index === 0) {
      this.now = round(this.now + (how.gap ?? 0.001 + this.#random(50) / 1e6));
    }
    const answeredAt = round(this.now + (how.takes ?? 0.0004));
    const due = this.#due.filter(({ at }) => at <= this.now).toSorted((one, other) =>
      one.at - other.at
    );
    this.#due = this.#due.filter(({ at }) => at > this.now);
    this.#due.push({ at: answeredAt, id });
    const operation = {
      id,
      client: this.#client,
      at: this.now,
      answeredAt,
      frames: { request: 10 + id * 2, response: 11 + id * 2 },
      status: 0,
      after: due.map(({ id }) => id),
      ...how.chain === undefined ? {} : { chain: how.chain },
      ...fields,
    };
    this.operations.push(operation as unknown as PlanOperation);
    return id;
  }

  open(path: string, more: object = {}, how: { takes?: number; chain?: object } = {}): string {
    const file = `f${++this.#files}`;
    this.send({ kind: "create", ...CREATE, file, path, ...more }, how);
    return file;
  }

  on(
    file: string,
    fields: Fields,
    how: { takes?: number; gap?: number; chain?: object } = {},
  ): number {
    return this.send({ tree: "t1", file, ...fields }, how);
  }

  /** Waits until everything is answered. */
  rest(seconds = 0.01): void {
    this.now = round(Math.max(this.now, ...this.#due.map(({ at }) => at)) + seconds);
  }

  path(): string {
    const pattern = PATHS[this.#random(PATHS.length)]!;
    return pattern.replace("%", String(this.#random(40)));
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}

const CONNECT = {
  server: "10.0.0.2:445",
  dialects: [0x0311],
  securityMode: 1,
  capabilities: 0x7f,
  contexts: [],
  dialect: 0x0311,
};
const LOGIN = {
  domain: null,
  mechanism: "ntlm",
  securityMode: 1,
  capabilities: 0,
  signing: false,
  encryption: false,
};
const CREATE = {
  tree: "t1",
  access: 0x00120089,
  share: 7,
  disposition: 1,
  options: 0x40,
  attributes: 0,
  impersonation: 2,
  securityFlags: 0,
  oplock: 0,
  contexts: [],
  granted: { oplock: 0, lease: null, action: 1, size: "0" },
};
const INFO = {
  kind: "queryInfo",
  infoType: 1,
  class: 18,
  additional: 0,
  flags: 0,
  outputLength: 65535,
  input: "",
  returnedLength: 100,
} as const;
const READ = {
  kind: "read",
  length: 4096,
  minimumCount: 0,
  flags: 0,
  padding: 0x50,
  remainingBytes: 0,
  channel: 0,
  returned: { length: 4096 },
} as const;
const LIST = {
  kind: "queryDirectory",
  class: 37,
  flags: 0,
  index: 0,
  pattern: "*",
  outputLength: 65536,
  returnedLength: 1,
} as const;
const NO_SUCH = 0xc0000034;
const NO_MORE = 0x80000006;

/** What clients do, each likely to come again. */
const ACTS: readonly ((maker: Maker, random: (below: number) => number) => void)[] = [
  // Stat: open, query, close.
  (maker) => {
    const file = maker.open(maker.path());
    maker.on(file, INFO);
    maker.on(file, { kind: "close", flags: 0 });
  },
  // Write, with data that may come again.
  (maker, random) => {
    const file = maker.open(maker.path(), { disposition: 5, access: 0x0012019f });
    const sha256 = random(2) === 0 ? undefined : `${random(3)}`;
    maker.on(file, {
      kind: "write",
      offset: "0",
      flags: 0,
      remainingBytes: 0,
      channel: 0,
      data: { length: 10 + random(3), sha256 },
    });
    maker.on(file, { kind: "close", flags: 0 });
  },
  // Reads in flight, answered in order or not.
  (maker, random) => {
    const file = maker.open(maker.path());
    const slow = 0.0001 * (1 + random(30));
    for (let i = 0, count = random(14); i < count; i++) {
      const takes = random(4) === 0 ? slow * 2 : slow;
      maker.on(file, { ...READ, offset: String(i * 4096) }, { gap: 0.0002, takes });
    }
    if (random(3) > 0) maker.rest();
    maker.on(file, { kind: "close", flags: 0 });
  },
  // Not there.
  (maker) => void maker.open(maker.path(), { status: NO_SUCH, granted: null }),
  // A compound; its answers may be waited for later.
  (maker, random) => {
    const id = random(1e9);
    const takes = random(3) === 0 ? 0.004 : 0.0002;
    const file = maker.open(maker.path(), {}, { takes, chain: { id, index: 0, related: false } });
    maker.on(file, INFO, { takes, chain: { id, index: 1, related: true } });
    maker.on(file, { kind: "close", flags: 0 }, { takes, chain: { id, index: 2, related: true } });
  },
  // A listing.
  (maker, random) => {
    const file = maker.open("", { options: 1 });
    maker.on(file, { ...LIST, flags: 1 });
    for (let i = random(5); i > 0; i--) maker.on(file, LIST);
    maker.on(file, { ...LIST, status: NO_MORE });
    maker.on(file, { kind: "close", flags: 0 });
  },
  // Echoes, evenly apart or not.
  (maker, random) => {
    const gap = random(2) === 0 ? 0.003 : undefined;
    for (let i = random(7); i > 0; i--) {
      maker.send({ kind: "echo", connection: "n1" }, gap === undefined ? {} : { gap });
    }
  },
  // A watch that is cancelled.
  (maker) => {
    const file = maker.open("", { options: 1 });
    const id = maker.on(file, {
      kind: "changeNotify",
      flags: 1,
      filter: 0x17,
      outputLength: 4096,
      status: 0xc0000120,
    }, { takes: 0.005 });
    maker.send({ kind: "cancel", target: id, answeredAt: null, status: null });
    maker.rest();
    maker.on(file, { kind: "close", flags: 0 });
  },
  (maker) => maker.rest(1.5),
];

function madeUpPlan(seed: number): Plan {
  const random = seeded(seed);
  const ids = { next: 1 };
  const names = ["alice", "bob", "carol"].slice(0, 1 + random(3));
  const acts = Array.from({ length: 2 + random(3) }, () => ACTS[random(ACTS.length)]!);
  const makers = names.map((name) => {
    const maker = new Maker(name, ids, random);
    for (let i = 5 + random(25); i > 0; i--) {
      // Mostly the same few things.
      const act = random(5) === 0 ? ACTS[random(ACTS.length)]! : acts[random(acts.length)]!;
      act(maker, random);
    }
    return maker;
  });
  const clients: PlanClient[] = makers.map(({ operations }, i) => ({
    id: names[i]!,
    address: "10.0.0.1",
    clientGuid: null,
    users: [names[i]!],
    operationCount: operations.length,
  }));
  return {
    version: 1,
    source: { name: "made up", start: null, seconds: 1 },
    clients,
    operations: makers.flatMap(({ operations }) => operations),
  };
}

/** A plan of one client that does only this. */
function planOf(acts: (maker: Maker) => void): Plan {
  const maker = new Maker("alice", { next: 1 }, () => 0);
  acts(maker);
  const { operations } = maker;
  const client = {
    id: "alice",
    address: "10.0.0.1",
    clientGuid: null,
    users: [],
    operationCount: 0,
  };
  return {
    version: 1,
    source: { name: "x", start: null, seconds: 1 },
    clients: [client],
    operations,
  };
}

function emitted(plan: Plan, fold: FoldLevel, dataFolder?: string) {
  return emitScenario(plan, {
    version: "0",
    fold,
    ...dataFolder === undefined ? {} : { dataFolder },
  });
}

Deno.test("made-up plans send the same requests at the same times, folded and written out", async () => {
  using folder = new ScriptFolder();
  let [long, short] = [0, 0];
  for (let seed = 1; seed <= 40; seed++) {
    const plan = madeUpPlan(seed);
    const flat = emitted(plan, "none");
    const expected = await recordingsOfText(flat.script, []);
    for (const level of ["loops", "all"] as const) {
      const { script, modules } = emitted(plan, level, "data");
      assertEquals(await recordingsOfText(script, modules), expected, `seed ${seed}, ${level}`);
      if (level === "all") short += script.length;
    }
    long += flat.script.length;
    if (seed <= 8) {
      folder.add(`${seed} flat`, flat.script);
      folder.add(`${seed} folded`, emitted(plan, "all").script);
    }
  }
  assert(short < long * 0.75, `${short} of ${long} characters`);
  assertEquals(await folder.fmt(), "");
  assertEquals(await folder.check(), "");
});

Deno.test("the same plan gives the same text", () => {
  for (const seed of [3, 4, 5]) {
    assertEquals(emitted(madeUpPlan(seed), "all"), emitted(madeUpPlan(seed), "all"));
  }
});

Deno.test("reads of one stride are a loop over their moments, whose frames stay", () => {
  const { script } = emitted(
    planOf((maker) => {
      const file = maker.open("big.bin");
      for (const [i, gap] of [0.001, 0.0012, 0.001, 0.003, 0.001].entries()) {
        maker.on(file, { ...READ, offset: String(8192 + i * 4096) }, { gap });
      }
      maker.on(file, { kind: "close", flags: 0 });
    }),
    "loops",
  );
  assertStringIncludes(script, "    // #20..#29 SUCCESS, 4096 bytes, 0.40 ms\n");
  assertStringIncludes(
    script,
    "for await (const i of c.times(reads)) {\n      await big.read(8192 + i * 4096, 4096);\n    }",
  );
  assertMatch(script, /const reads: At\[\] = \[\n {2}\[[\d.]+, 20\], .* \[[\d.]+, 28\],\n\];/);
});

Deno.test("the size of what is read or written in a row is a parameter", async () => {
  const plan = planOf((maker) => {
    const file = maker.open("big.bin");
    for (let i = 0; i < 9; i++) {
      maker.on(file, { ...READ, offset: String(8192 + i * 4096) }, { gap: 0.001 + i / 1e5 });
    }
    for (let i = 0; i < 9; i++) {
      maker.on(file, { ...READ, offset: String(i * 512), length: 512 }, { gap: 0.001 + i / 1e5 });
    }
    for (let i = 0; i < 9; i++) {
      maker.on(file, { ...READ, offset: String(i * 8192) }, { gap: 0.001 + i / 1e5 });
    }
    maker.on(file, { kind: "close", flags: 0 });
  });
  const { script } = emitted(plan, "all");
  assertStringIncludes(script, "readSize: z.number().int().min(1).default(4096)");
  assertStringIncludes(script, "await big.read((2 + i) * p.readSize, p.readSize);");
  assertStringIncludes(script, "await big.read(i * p.readSize2, p.readSize2);");
  assertStringIncludes(script, "await big.read(i * 8192, 4096);");
  assertEquals(
    await recordingsOfText(script, []),
    await recordingsOfText(emitted(plan, "none").script, []),
  );
});

Deno.test("requests in flight at any offsets wait for what each had waited for", async () => {
  const plan = planOf((maker) => {
    const file = maker.open("big.bin");
    for (const offset of [7, 3, 90, 4, 55, 2, 8]) {
      maker.on(file, { ...READ, offset: String(offset * 4096) }, { gap: 0.001, takes: 0.0025 });
    }
    maker.rest();
    maker.on(file, { kind: "close", flags: 0 });
  });
  const { script } = emitted(plan, "all");
  assertMatch(script, /for \(const \[offset, read\] of reads\) \{/);
  assertMatch(
    script,
    /\[368640, \[[\d.]+, 24\]\],\s+\[16384, \[[\d.]+, 26, \{ after: \[20\] \}\]\]/,
  );
  assertEquals(
    await recordingsOfText(script, []),
    await recordingsOfText(emitted(plan, "none").script, []),
  );
});

Deno.test("clients that do the same from beginning to end share one function", async () => {
  const ids = { next: 1 };
  const names = ["alice", "bob", "carol"];
  const makers = names.map((name) => {
    const maker = new Maker(name, ids, () => 0);
    for (let i = 0; i < 4; i++) {
      const file = maker.open(`home\\${name}\\plan.docx`, { access: 0x0012019f + i });
      maker.on(file, INFO);
      maker.on(file, { kind: "close", flags: 0 });
    }
    return maker;
  });
  const plan: Plan = {
    ...planOf(() => {}),
    clients: names.map((id) => ({
      id,
      address: "10.0.0.1",
      clientGuid: null,
      users: [id],
      operationCount: 15,
    })),
    operations: makers.flatMap(({ operations }) => operations),
  };
  const { script } = emitted(plan, "all");
  assertMatch(script, /await work\(c, p, "carol", "home\\\\carol\\\\plan.docx", 72\);/);
  assertMatch(script, /await c\.at\(\.\.\.moments\[14\]!\);/);
  assertEquals(
    await recordingsOfText(script, []),
    await recordingsOfText(emitted(plan, "none").script, []),
  );
});

Deno.test("what is left at the end belongs to the loop", async () => {
  for (const takes of [0.0004, 0.0034]) {
    const plan = planOf((maker) => {
      const file = maker.open("big.bin");
      for (let i = 0; i < 6; i++) {
        const length = i === 5 ? 100 : 4096;
        maker.on(file, { ...READ, offset: String(i * 4096), length }, { gap: 0.001, takes });
      }
      maker.rest();
      maker.on(file, { kind: "close", flags: 0 });
    });
    const { script } = emitted(plan, "all");
    assertStringIncludes(script, "big.read(i * 4096, Math.min(4096, 20580 - i * 4096))");
    assertEquals(
      await recordingsOfText(script, []),
      await recordingsOfText(emitted(plan, "none").script, []),
    );
  }
});

Deno.test("times that are evenly apart need no table", () => {
  const { script } = emitted(
    planOf((maker) => {
      for (let i = 0; i < 50; i++) maker.send({ kind: "echo", connection: "n1" }, { gap: 0.25 });
    }),
    "all",
  );
  assertStringIncludes(script, "for await (const _ of c.times(echoes)) {");
  assertStringIncludes(
    script,
    "const echoes: Moments = " +
      "{ start: 0.253, count: 50, interval: 0.25, label: 18, labelStep: 2 };",
  );
  assert(!script.includes("At[]"));
});

Deno.test("requests in flight stay in flight: a depth where there is one, else the answers that had come", () => {
  const inFlight = (takes: readonly number[]) =>
    emitted(
      planOf((maker) => {
        const file = maker.open("big.bin");
        for (let i = 0; i < 8; i++) {
          maker.on(file, { ...READ, offset: String(i * 4096) }, {
            gap: 0.001,
            takes: takes[i % takes.length]!,
          });
        }
        maker.rest();
        maker.on(file, { kind: "close", flags: 0 });
      }),
      "all",
    ).script;
  const even = inFlight([0.0025]);
  assertStringIncludes(
    even,
    "await c.overlapped(reads, (i) => big.read(i * p.readSize, p.readSize), {",
  );
  assertStringIncludes(even, "inFlight: 3");
  assertStringIncludes(inFlight([0.5]), "(i) => big.read(i * p.readSize, p.readSize)");
  assert(!inFlight([0.5]).includes("inFlight"), "all at once");
  assertMatch(inFlight([0.0025, 0.0035]), /\{ after: \[\d+\] \}/);
});

Deno.test("one shape on many files is a loop over their names; now and then, a function", () => {
  const stat = (maker: Maker, path: string) => {
    const file = maker.open(path);
    maker.on(file, INFO);
    maker.on(file, { kind: "close", flags: 0 });
  };
  const row = emitted(
    planOf((maker) => {
      for (let i = 0; i < 5; i++) stat(maker, `Documents\\Q${i}_Report.docx`);
    }),
    "all",
  ).script;
  assertStringIncludes(row, "for (const [path, open, query, close] of reportsToQuery) {");
  assertStringIncludes(row, '  ["Documents\\\\Q3_Report.docx", [');
  const apart = emitted(
    planOf((maker) => {
      for (let i = 0; i < 9; i++) {
        stat(maker, `Documents\\Q${i}_Report.docx`);
        maker.send({ kind: "echo", connection: "n1" });
        if (i % 2 === 0) maker.open("gone", { status: NO_SUCH, granted: null });
        if (i % 3 === 0) maker.send({ kind: "echo", connection: "n1" });
      }
    }),
    "all",
  ).script;
  assertStringIncludes(apart, 'await queryReport(c, p, docs, "Documents\\\\Q3_Report.docx", ');
  assertStringIncludes(apart, "// Documents\\Q*_Report.docx: CREATE, QUERY_INFO, CLOSE\n");
});

Deno.test("a pause is said", () => {
  const { script } = emitted(
    planOf((maker) => {
      maker.open("a", { status: NO_SUCH, granted: null });
      maker.rest(2.5);
      maker.open("b", { status: NO_SUCH, granted: null });
    }),
    "all",
  );
  assertStringIncludes(script, "\n\n    // 2501 ms later\n    await c.at(");
});
