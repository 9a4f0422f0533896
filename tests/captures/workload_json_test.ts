/**
 * Workload JSON of every shared capture: it has every field of the plan's operations, a reader of version 1 can take its
 * part, and it sends the same requests, with the same differences from the capture, as the compiled script.
 */
import { assert, assertEquals } from "@std/assert";
import { type Plan, rowForms } from "../../compiler/mod.ts";
import {
  parseWorkload,
  readRow,
  workloadDefinition,
  type WorkloadOperation,
} from "../../runtime/script/mod.ts";
import { sharedTest } from "../harness/interop.ts";
import { definitionOf, type Streams, streamsOf } from "../harness/request_stream.ts";
import { Outputs } from "./outputs.ts";
import { capturePath, keysOf, sharedCaptures } from "./shared_captures.ts";

const { ROW_DEFAULTS, rowFields } = await rowForms();

type Fields = Readonly<Record<string, unknown>>;

/** What is looked at of the JSON. */
interface Json {
  readonly operations: readonly Fields[];
  readonly smb2_operations: readonly Fields[];
}

/** What an absent field of a row means. */
function withDefaults(row: Fields, kind: string): Fields {
  return {
    status: 0,
    after: [],
    ...kind === "connect" || kind === "create" ? { contexts: [] } : {},
    ...ROW_DEFAULTS[kind],
    ...row,
  };
}

/** Each row's `smb2` as it was written and as it was read, by the id of its operation. */
function rowsById(json: Json) {
  const rows = new Map<number, { written: Fields; read: WorkloadOperation }>();
  for (const value of [...json.operations, ...json.smb2_operations]) {
    const read = readRow(value, "row");
    assert(!Array.isArray(read), `${read}`);
    const written = value.smb2 as Fields;
    rows.set(written.id as number, { written, read });
  }
  return rows;
}

/** What a reader of version 1 takes of it passes its checks. */
function assertVersion1(json: Json): void {
  const operations = json.operations.map(({ smb2: _, sequence: __, ...fields }) => fields);
  const { smb2_operations: _, ...version1 } = { ...json, smb2_operations: undefined };
  const { workload } = parseWorkload({ ...version1, operations });
  assertEquals(workload.operations.length, operations.length);
}

/**
 * What two runs of a capture have in common. Where data was not captured whole, script and JSON make up other bytes of the
 * same length; where several clients work on one directory, who finds what in it is up to the server.
 */
function comparable({ connections, records }: Streams, plan: Plan) {
  const isWhole = plan.operations.every((operation) =>
    operation.kind !== "write" || operation.data.sha256 !== undefined
  );
  const withLength = (line: string) =>
    line.replace(/"data":"([0-9a-f]*)"/, (_, digits: string) => `"data":${digits.length / 2}`);
  const withoutOutcome = (line: string) => {
    const { client, label, command, path, expected } = JSON.parse(line);
    return JSON.stringify({ client, label, command, path, expected });
  };
  return {
    connections: isWhole ? connections : connections.map((lines) => lines.map(withLength)),
    records: plan.clients.length === 1 ? records : records.map(withoutOutcome).sort(),
  };
}

/** Every field of every operation is in the JSON, and every field of the JSON is read. */
function assertComplete(json: Json, plan: Plan): void {
  const rows = rowsById(json);
  assertEquals(rows.size, plan.operations.length);
  const answered = new Set(
    plan.operations.filter(({ frames }) => frames.response !== undefined)
      .map(({ client }) => client),
  );
  for (const operation of plan.operations) {
    const { written, read } = rows.get(operation.id)!;
    assertEquals<unknown>(read.smb2, written, "the schema knows every field");
    const { onBreak: _, after, ...fields } = withDefaults(written, operation.kind);
    const { after: expectedAfter, ...expected } = withDefaults(
      rowFields(operation),
      operation.kind,
    );
    assertEquals(fields, expected, operation.kind);
    // Where no answer was captured, requests go one after the other.
    if (answered.has(operation.client)) assertEquals(after, expectedAfter);
  }
}

/**
 * Captures that are not played here: the first ones are one capture in other forms; in the next ones the play waits for
 * time, for watches and breaks that the server in memory does not end; in the last one 24 clients list and fill the same
 * directories at once.
 */
const NOT_PLAYED =
  /der-(dup|gzip|ipv6|nsec|pcapng|tcp|vlan)|notify|contention-lease|replay-small|smb-length-5786|smb2-putty|rclone/;

/** Script and JSON of a capture have the same operations, and do the same. */
async function assertSame(outputs: Outputs, isOnlyRead = false): Promise<void> {
  const { path, plan } = await outputs.script();
  const json: Json = JSON.parse(await outputs.json());
  assertComplete(json, plan);
  assertVersion1(json);
  const { workload } = parseWorkload(json);
  if (isOnlyRead || plan.operations.length === 0) return;
  const { definition, blobs } = await definitionOf(path);
  const { folder } = outputs;
  const script = await streamsOf(definition, { folder, blobs });
  const played = await streamsOf(workloadDefinition(workload), { folder });
  assertEquals(comparable(played, plan), comparable(script, plan));
}

sharedTest(
  "workload JSON has every field, is version 1, and sends what the compiled script sends",
  ["captures/captures.json"],
  async (t) => {
    for (const capture of sharedCaptures()) {
      await t.step(capture.file, async () => {
        using outputs = new Outputs(capturePath(capture), keysOf(capture));
        await assertSame(outputs, NOT_PLAYED.test(capture.file));
      });
    }
  },
);

Deno.test("workload JSON of the example's capture sends what the compiled script sends", async () => {
  using outputs = new Outputs(new URL("../../examples/office.pcap", import.meta.url).pathname);
  await assertSame(outputs);
});

const IN_ROWS = /smbclient-recurse|multi-4clients|torture-durable-open|failures/;

sharedTest(
  "rows send what the compiled script sends",
  ["captures/captures.json"],
  async (t) => {
    for (const capture of sharedCaptures().filter(({ file }) => IN_ROWS.test(file))) {
      await t.step(capture.file, async () => {
        using outputs = new Outputs(capturePath(capture), keysOf(capture));
        const { folder } = outputs;
        const { path, plan } = await outputs.script();
        const { definition, blobs } = await definitionOf(path);
        const script = await streamsOf(definition, { folder, blobs });
        const rows = (await definitionOf(await outputs.rows())).definition;
        const played = await streamsOf(rows, { folder });
        assertEquals(comparable(played, plan), comparable(script, plan));
      });
    }
  },
);
