import { assertEquals } from "@std/assert";
import { BlockBytes, BlockReader, OperationBlock } from "./operation_codec.ts";
import type { PlanOperation } from "./plan.ts";
import type { Mutable } from "./plan_list.ts";

const BASE = {
  id: 2 ** 40 + 3,
  client: "12",
  at: 0.1 + 0.2,
  answeredAt: null,
  frames: { request: 2 ** 33 },
  status: null,
  after: [],
} as const;

const ANSWERED = {
  id: 7,
  client: "0",
  at: 12.000000001,
  answeredAt: 13,
  frames: { request: 4, first: 3, interim: 5, response: 9 },
  status: 0xc0000034,
  after: [],
} as const;

const PLACED = { tree: "t1", file: "f12" } as const;
const CREATE = {
  kind: "create",
  ...PLACED,
  path: 'a\\\ud800\u0000"ß😀',
  access: 0xffffffff,
  share: 7,
  disposition: 1,
  options: 0,
  attributes: 128,
  impersonation: 2,
  securityFlags: 0,
  oplock: 255,
  contexts: [],
} as const;
const GRANTED = {
  oplock: 255,
  lease: 7,
  action: 2,
  size: "18446744073709551615",
  attributes: 32,
  allocation: "4096",
  modified: "133456789012345678",
} as const;
const READ = {
  kind: "read",
  offset: "18446744073709551615",
  length: 65_536,
  minimumCount: 1,
  flags: 2,
  padding: 80,
  remainingBytes: 3,
  channel: 4,
} as const;
const WRITE = { kind: "write", offset: "0", flags: 1, remainingBytes: 0, channel: 0 } as const;
const QUERY = {
  kind: "queryInfo",
  infoType: 1,
  class: 5,
  additional: 0,
  flags: 0,
  outputLength: 24,
  input: "",
} as const;

/** Every form, with and without what may be missing; in the order of fields in which operations are made. */
const OPERATIONS: readonly PlanOperation[] = [
  { ...CREATE, granted: null, ...BASE },
  { ...CREATE, granted: GRANTED, ...ANSWERED, header: { creditCharge: 1, credits: 31 } },
  { ...CREATE, granted: { ...GRANTED, lease: null }, ...ANSWERED, used: true },
  { ...CREATE, granted: { oplock: 0, lease: null, action: 1, size: "0" }, ...ANSWERED },
  { ...CREATE, contexts: [{ kind: "QFid" }, { kind: "DHnQ" }], granted: GRANTED, ...ANSWERED },
  { ...CREATE, file: "f01", granted: GRANTED, ...ANSWERED },
  { ...CREATE, file: "t2", granted: GRANTED, ...ANSWERED },
  { ...CREATE, file: "f123456789012345678", granted: GRANTED, ...ANSWERED },
  { ...CREATE, granted: null, ...BASE, ids: { tree: null } },
  { ...CREATE, granted: null, ...BASE, cancelled: true },
  Object.assign({ ...CREATE, granted: GRANTED, ...BASE }, { shared: true as const }),
  { kind: "close", flags: 1, ...PLACED, ...BASE },
  { kind: "close", flags: 1, told: { size: "4", directory: false }, ...PLACED, ...ANSWERED },
  { kind: "close", flags: 0, ...PLACED, ...BASE, incomplete: "part" },
  { kind: "close", flags: 0, tree: "t1", file: "ff:ff", ...BASE },
  { ...READ, returned: null, ...PLACED, ...BASE },
  { ...READ, returned: { length: 5 }, ...PLACED, ...ANSWERED },
  { ...READ, returned: { length: 5, sha256: "ab" }, ...PLACED, ...ANSWERED, via: "s2" },
  { ...READ, returned: { length: 5, sha256: "ab", blocks: [] }, ...PLACED, ...ANSWERED },
  {
    ...READ,
    returned: { length: 9e5, blocks: Array.from({ length: 200 }, (_, index) => index * 2 ** 45) },
    ...PLACED,
    ...ANSWERED,
    chain: { id: 3, index: 1, related: true },
    header: { creditCharge: 0, credits: 1, channelSequence: 2, replay: true, dfs: true },
  },
  { ...WRITE, data: { length: 3 }, ...PLACED, ...BASE, chain: { id: 3, index: 1, related: false } },
  { ...WRITE, data: { length: 3, sha256: "00", zeros: [[0, 3]] }, ...PLACED, ...BASE },
  { ...QUERY, returnedLength: null, ...PLACED, ...BASE, header: { creditCharge: 1 } },
  { ...QUERY, returnedLength: 24, ...PLACED, ...ANSWERED, told: { attributes: 3 } },
  { kind: "echo", connection: "n1", ...BASE },
];

Deno.test("operations come back from their block as they were, fields in order", () => {
  const block = new OperationBlock(new Float64Array(8));
  for (const [index, operation] of OPERATIONS.entries()) block.add(100 + index, operation);
  const bytes = new BlockBytes().of(block);
  const other = new BlockBytes();
  other.room(bytes.length).set(bytes);
  const read = new BlockReader().records(other.block(bytes.length), false);
  assertEquals(read.map(({ seq }) => seq), OPERATIONS.map((_, index) => 100 + index));
  assertEquals(
    read.map(({ value }) => JSON.stringify(value)),
    OPERATIONS.map((operation) => JSON.stringify(operation)),
  );
  assertEquals(read.map(({ value }): unknown => value), [...OPERATIONS]);
});

Deno.test("keys are the time and the first frame, or the frame alone", () => {
  const block = new OperationBlock(new Float64Array(8));
  block.add(1, { kind: "close", flags: 1, ...PLACED, ...ANSWERED });
  block.add(2, { kind: "echo", connection: "n1", ...BASE });
  const keys = (byFrame: boolean) =>
    new BlockReader().records(block, byFrame).map(({ at, frame, seq }) => [at, frame, seq]);
  assertEquals(keys(false), [[ANSWERED.at, 3, 1], [BASE.at, 2 ** 33, 2]]);
  assertEquals(keys(true), [[0, 3, 1], [0, 2 ** 33, 2]]);
});

Deno.test("a create is marked as used where it is", () => {
  const block = new OperationBlock(new Float64Array(8));
  const made = block.add(0, { ...CREATE, granted: GRANTED, ...ANSWERED });
  const closed = block.add(1, { kind: "close", flags: 1, ...PLACED, ...ANSWERED });
  assertEquals([block.isCreate(made), block.isCreate(closed)], [true, false]);
  block.setUsed(made);
  const [create] = new BlockReader().records(block, false);
  assertEquals((create!.value as Mutable<PlanOperation> & { used?: boolean }).used, true);
});
