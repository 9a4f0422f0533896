import { assertEquals } from "@std/assert";
import type { PlanOperation } from "../plan.ts";
import { LineBytes } from "../line_bytes.ts";
import { sourceOf } from "../plan_source.ts";
import { workloadJson } from "./json.ts";
import { RowSurvey, RowWriter } from "./rows.ts";

const CLIENT = {
  id: "a",
  address: "10.0.0.1",
  clientGuid: null,
  users: ["alice"],
  operationCount: 0,
};

let nextId = 0;

/** An operation of client `a`, answered a frame later. */
function operation(fields: Record<string, unknown>): PlanOperation {
  const id = nextId++;
  return {
    id,
    client: "a",
    at: id / 1000,
    answeredAt: id / 1000 + 0.0005,
    frames: { request: 2 * id + 1, response: 2 * id + 2 },
    status: 0,
    after: [],
    ...fields,
  } as unknown as PlanOperation;
}

function create(file: string, fields: Record<string, unknown> = {}): PlanOperation {
  return operation({
    kind: "create",
    tree: "t1",
    file,
    path: "dir\\f",
    access: 0x0012019f,
    share: 7,
    disposition: 3,
    options: 0x40,
    attributes: 0,
    impersonation: 2,
    securityFlags: 0,
    oplock: 9,
    contexts: [],
    granted: null,
    ...fields,
  });
}

function tree(): PlanOperation {
  const path = "\\\\h\\projects";
  return operation({ kind: "tree", session: "s1", tree: "t1", path, flags: 0 });
}

function close(file: string): PlanOperation {
  return operation({ kind: "close", tree: "t1", file, flags: 0 });
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function rowsOf(operations: readonly PlanOperation[]) {
  const source = sourceOf({
    version: 1,
    source: { name: "x.pcap", start: null, seconds: 1 },
    clients: [CLIENT],
    operations,
  });
  const survey = new RowSurvey(source);
  for (const one of operations) survey.see(one);
  const line = new LineBytes();
  const rows: { isVersion1: boolean; value: Record<string, unknown> }[] = [];
  for (const { isVersion1 } of new RowWriter(source, survey).rows(line)) {
    rows.push({ isVersion1, value: JSON.parse(textOf(line.view())) });
    line.cut(0);
  }
  return { source, survey, rows };
}

Deno.test("an open in version 1's words has share and path, mode and extensions", () => {
  const { rows } = rowsOf([tree(), create("f1")]);
  const { smb2: _, op_id: __, timestamp_us: ___, ...fields } = rows[1]!.value;
  assertEquals(fields, {
    client_id: "a",
    operation: "Open",
    path: "/projects/dir/f",
    mode: "ReadWrite",
    handle_ref: "f1",
    extensions: {
      create_disposition: "OpenIf",
      oplock_level: "Batch",
      create_options: { non_directory: true },
    },
  });
});

Deno.test("what version 1 has no word for, or does not allow, is beside its operations", () => {
  const range = { offset: "0", length: "1", flags: 2 };
  const lock = (ranges: unknown[]) =>
    operation({ kind: "lock", tree: "t1", file: "f1", lockSequence: 0, ranges });
  const { rows } = rowsOf([
    tree(),
    create("f1"),
    lock([range]),
    lock([range, range]),
    lock([{ ...range, length: "18446744073709551615" }]),
    close("f1"),
    close("f1"),
    create("f2", { status: 0xc0000034 }),
    close("f2"),
    close("never"),
  ]);
  assertEquals(
    rows.map(({ isVersion1, value }) => [value.operation, isVersion1]),
    [
      ["TreeConnect", false],
      ["Open", true],
      ["Lock", true],
      ["Lock", false],
      ["Lock", false],
      ["Close", true],
      ["Close", false],
      ["Open", true],
      ["Close", false],
      ["Close", false],
    ],
  );
  assertEquals(rows[7]!.value.expected_status, "OBJECT_NAME_NOT_FOUND");
});

Deno.test("operations are called by frame and place, what is implied last", () => {
  const frames = { request: 5 };
  const { rows } = rowsOf([
    operation({ ...tree(), frames, implied: true }),
    create("f1", { frames }),
    create("f2", { frames }),
  ]);
  assertEquals(rows.map(({ value }) => value.op_id), ["5.3", "5", "5.2"]);
});

Deno.test("times in version 1's list never go back", () => {
  const { rows } = rowsOf([tree(), create("f1", { at: 2 }), create("f2", { at: 1 })]);
  assertEquals(rows.slice(1).map(({ value }) => value.timestamp_us), [2_000_000, 2_000_000]);
});

Deno.test("requests whose answers were not captured go one after the other", () => {
  const frames = (request: number) => ({ frames: { request }, status: null, answeredAt: null });
  const { rows } = rowsOf([create("f1", frames(1)), create("f2", frames(2))]);
  const [one, other] = rows.map(({ value }) => value.smb2 as { id: number; after?: unknown });
  assertEquals([one?.after, other?.after], [undefined, [one?.id]]);
});

Deno.test("what a client did on a break is told where it opens the file", () => {
  const broken = operation({
    kind: "break",
    breakKind: "lease",
    file: "f1",
    from: 7,
    to: 1,
    ackRequired: true,
    acknowledgedAfter: 0.2,
    acknowledgedTo: 0,
    acknowledgeStatus: 0,
  });
  const { rows } = rowsOf([create("f1"), broken]);
  assertEquals((rows[0]!.value.smb2 as { onBreak?: unknown }).onBreak, { delay: 0.2, to: 0 });
});

Deno.test("the lists of the JSON belong together by their sequence", () => {
  const { source, survey } = rowsOf([tree(), create("f1"), close("f1"), close("f1")]);
  const json = JSON.parse(
    [...workloadJson(source, survey, { version: "0.0.0" })].map(textOf).join(""),
  );
  const places = (list: readonly { sequence: number }[]) => list.map(({ sequence }) => sequence);
  assertEquals([places(json.operations), places(json.smb2_operations)], [[1, 2], [0, 3]]);
  assertEquals(json.clients, [
    { client_id: "a", operation_count: 2, user: "alice", address: "10.0.0.1" },
  ]);
});
