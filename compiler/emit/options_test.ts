import { assertEquals } from "@std/assert";
import type { CreateOperation, PlanCreateContext } from "../plan.ts";
import { type Code, object, oneLine, quoted, variable } from "./code.ts";
import {
  dialectText,
  hexCall,
  leaseText,
  openOptions,
  operationOptions,
  oplockText,
} from "./options.ts";

/** Options of an open whose other fields are the API's defaults. */
function options(fields: Partial<CreateOperation>): Record<string, string> {
  const create = {
    access: 0x00120089,
    share: 7,
    disposition: 1,
    options: 0,
    attributes: 0,
    impersonation: 2,
    securityFlags: 0,
    oplock: 0,
    contexts: [],
    ...fields,
  } as unknown as CreateOperation;
  const given = Object.entries(
    openOptions(create, { hex: hexCall, made: (name) => variable(name) }),
  ).filter(
    (entry): entry is [string, Code] => entry[1] !== undefined,
  );
  return Object.fromEntries(given.map(([name, value]) => [name, oneLine(value)]));
}

Deno.test("what the API does by itself is not written", () => {
  assertEquals(options({}), {});
  assertEquals(options({ disposition: 3, attributes: 0x80 }), { disposition: '"openIf"' });
});

Deno.test("known values have names, others are numbers", () => {
  assertEquals(
    options({ access: 0x0012019f, share: 3, disposition: 5, options: 0x41, attributes: 0x22 }),
    {
      access: '"rw"',
      share: '"rw"',
      disposition: '"overwriteIf"',
      options: '["directory", "nonDirectory"]',
      attributes: '["hidden", "archive"]',
    },
  );
  assertEquals(
    options({
      access: 0x001000a9,
      share: 0x10,
      disposition: 9,
      options: 0x80000001,
      attributes: 0x04000000,
      oplock: 0x55,
      impersonation: 3,
      securityFlags: 1,
    }),
    {
      access: "0x001000a9",
      share: "0x00000010",
      disposition: "9",
      options: "0x80000001",
      attributes: "0x04000000",
      oplock: "0x55",
      impersonation: "3",
      securityFlags: "0x01",
    },
  );
});

Deno.test("an access mask of a few bits is a list of their names", () => {
  const masks = [0x80, 0x00100081, 0x00130089, 0x00110080, 0x80000000, 0x00800000];
  assertEquals(masks.map((access) => options({ access }).access), [
    '["FILE_READ_ATTRIBUTES"]',
    '["FILE_READ_DATA", "FILE_READ_ATTRIBUTES", "SYNCHRONIZE"]',
    '"rd"',
    '"d"',
    '["GENERIC_READ"]',
    "0x00800000",
  ]);
  assertEquals(options({ disposition: 3 }).attributes, "[]", "none, where some are usual");
});

Deno.test("a lease says what differs from the usual", () => {
  const lease = { kind: "RqLs", version: 2, key: "L1", state: 7, flags: 0, epoch: 0 } as const;
  assertEquals(options({ oplock: 0xff, contexts: [lease] }), {
    lease: '{ state: "RWH", key: "L1" }',
  });
  assertEquals(
    options({
      oplock: 0xff,
      contexts: [{ ...lease, flags: 4, parent: "L2", epoch: 3, state: 9 }, { kind: "QFid" }],
    }),
    {
      lease: '{ state: "0x09", key: "L1", parent: "L2", epoch: 3 }',
      contexts: '["RqLs", "QFid"]',
    },
  );
  assertEquals(
    options({ contexts: [{ kind: "RqLs", version: 1, key: "L1", state: 1, flags: 0 }] }),
    { oplock: '"none"', lease: '{ state: "R", key: "L1", version: 1 }' },
  );
});

const CONTEXTS: [PlanCreateContext, string][] = [
  [{ kind: "DHnQ" }, '"DHnQ"'],
  [{ kind: "MxAc" }, '"MxAc"'],
  [{ kind: "MxAc", timestamp: "5" }, '{ kind: "MxAc", timestamp: 5n }'],
  [{ kind: "DHnC", file: "f1" }, '{ kind: "DHnC", file: f1 }'],
  [
    { kind: "DH2C", file: "f1", createGuid: "G1", flags: 2 },
    '{ kind: "DH2C", file: f1, flags: 0x00000002 }',
  ],
  [{ kind: "DH2Q", timeout: 0, flags: 0, createGuid: "G1" }, '{ kind: "DH2Q", createGuid: "G1" }'],
  [{ kind: "AlSi", allocationSize: "4096" }, '{ kind: "AlSi", allocationSize: 4096n }'],
  [{ kind: "TWrp", timestamp: "7" }, '{ kind: "TWrp", timestamp: 7n }'],
  [{ kind: "ExtA", data: "0102" }, '{ kind: "ExtA", data: hex("0102") }'],
  [
    { kind: "AppInstanceVersion", high: "1", low: "2" },
    '{ kind: "AppInstanceVersion", high: 1n, low: 2n }',
  ],
  [{ kind: "raw", name: "41424344", data: "" }, '{ kind: "raw", name: "ABCD", data: hex("") }'],
  [{ kind: "raw", name: "00ff", data: "" }, '{ kind: "raw", name: hex("00ff"), data: hex("") }'],
];

for (const [context, expected] of CONTEXTS) {
  Deno.test(`the context ${JSON.stringify(context)} is written`, () => {
    assertEquals(options({ contexts: [context] }).contexts, `[${expected}]`);
  });
}

Deno.test("header fields and expected statuses are options", () => {
  const given = operationOptions({
    id: 0,
    client: "a",
    at: 0,
    answeredAt: 0,
    frames: { request: 1 },
    status: 0,
    after: [],
    header: { channelSequence: 2, replay: true, dfs: true, credits: 9 },
    ids: { tree: "t2", session: null },
    via: "s3",
  }, quoted("FILE_CLOSED"));
  assertEquals(
    oneLine(object(given)!),
    '{ expect: "FILE_CLOSED", channelSequence: 2, replay: true, dfs: true, via: s3, ' +
      "raw: { header: { treeId: t2.id, sessionId: 0x7ffffffffffffff1n } } }",
  );
});

Deno.test("states, levels and dialects have texts", () => {
  assertEquals([0, 1, 3, 5, 7, 8].map(leaseText), ["", "R", "RH", "RW", "RWH", "0x08"]);
  assertEquals([0, 1, 8, 9, 0xff, 2].map(oplockText), [
    "none",
    "II",
    "exclusive",
    "batch",
    "lease",
    "0x02",
  ]);
  assertEquals([0x0202, 0x0311, 0x0999].map(dialectText), ["2.0.2", "3.1.1", "0x0999"]);
});
