import { assertEquals, assertThrows } from "@std/assert";
import { parseWorkload, WorkloadError } from "./workload.ts";

const OPEN = {
  op_id: "op_1",
  client_id: "a",
  timestamp_us: 0,
  operation: "Open",
  path: "/share/f",
  mode: "Write",
  handle_ref: "h",
  extensions: { oplock_level: "Batch", create_disposition: "OpenIf" },
};
const CLOSE = {
  op_id: "op_9",
  client_id: "a",
  timestamp_us: 9,
  operation: "Close",
  handle_ref: "h",
};

function workload(...operations: unknown[]) {
  return { version: 1, metadata: { source: "manual" }, clients: [{ client_id: "a" }], operations };
}

Deno.test("a workload may name its operations by operation or type, in any case", () => {
  const { operation, ...rest } = CLOSE;
  const { workload: read, warnings } = parseWorkload(
    workload(OPEN, { ...rest, type: operation.toLowerCase() }),
  );
  const kinds = read.operations.map((one) => one.smb2 === undefined ? one.kind : "captured");
  assertEquals([kinds, warnings], [["Open", "Close"], []]);
});

Deno.test("fields that other writers added are kept out of the way", () => {
  const extra = {
    ...OPEN,
    colour: "blue",
    extensions: { ...OPEN.extensions, maximal_access: true },
  };
  assertEquals(parseWorkload(workload(extra, CLOSE)).warnings, []);
});

Deno.test("a handle that is never closed is a warning", () => {
  assertEquals(parseWorkload(workload(OPEN)).warnings, ["handle h of client a is never closed"]);
});

Deno.test("blobs are listed once, with the first operation that names each", () => {
  const write = {
    ...CLOSE,
    op_id: "w",
    operation: "Write",
    offset: 0,
    length: 4,
    blob_path: "blobs/3f2a.bin",
  };
  const { blobs } = parseWorkload(
    workload(OPEN, { ...write, timestamp_us: 1 }, { ...write, op_id: "x", timestamp_us: 2 }, CLOSE),
  );
  assertEquals([...blobs], [["blobs/3f2a.bin", "w"]]);
});

/** Operations, and the problem that they have. */
const WRONG: Readonly<Record<string, readonly [operations: unknown[], problem: string]>> = {
  "an unknown handle": [[CLOSE], "operation op_9: handle h is unknown"],
  "use after close": [
    [OPEN, CLOSE, { ...CLOSE, op_id: "r", operation: "Read", timestamp_us: 10 }],
    "operation r: handle h is closed",
  ],
  "a time that goes back": [
    [{ ...OPEN, timestamp_us: 10 }, CLOSE],
    "operation op_9: its time 9 is before the client's last, 10",
  ],
  "a handle that is open twice": [
    [OPEN, { ...OPEN, op_id: "o2" }],
    "operation o2: handle h is open already",
  ],
  "an unknown client": [
    [{ ...OPEN, client_id: "b" }],
    "operation op_1: client b is not among the clients",
  ],
  "a blob that leads out": [
    [OPEN, { ...CLOSE, operation: "Write", blob_path: "../../etc/passwd" }],
    'operation op_9: "../../etc/passwd" is no blob below the workload\'s folder, named by its hash',
  ],
  "an absolute blob": [
    [OPEN, { ...CLOSE, operation: "Write", blob_path: "/etc/3f2a.bin" }],
    'operation op_9: "/etc/3f2a.bin" is no blob below the workload\'s folder, named by its hash',
  ],
  "an unknown operation": [
    [{ ...OPEN, operation: "Explode" }],
    'operation op_1: operation "Explode" is unknown: known are Open, Close',
  ],
  "a rename to nowhere": [
    [{ ...CLOSE, operation: "Rename", handle_ref: null, path: "x" }],
    "operation op_9: Rename has no new_path",
  ],
  "a read of nothing": [
    [{ ...CLOSE, operation: "Read", handle_ref: null }],
    "operation op_9: Read has no handle_ref",
  ],
};

for (const [name, [operations, problem]] of Object.entries(WRONG)) {
  Deno.test(`a workload with ${name} is refused`, () => {
    const error = assertThrows(() => parseWorkload(workload(...operations)), WorkloadError);
    assertEquals(
      error.problems.some((one) => one.startsWith(problem)),
      true,
      error.problems.join("\n"),
    );
  });
}

Deno.test("what is no workload at all is refused", () => {
  for (const json of [null, [], 1, {}, { ...workload(), version: 2 }, { version: 1 }]) {
    assertThrows(() => parseWorkload(json), WorkloadError, "Cannot run this workload");
  }
});
