import { assertEquals } from "@std/assert";
import { Measurement } from "./measurement.ts";
import type { OperationRecord } from "./record.ts";

const NAMES = new Map([[0, "SUCCESS"], [0xc0000034, "OBJECT_NAME_NOT_FOUND"], [
  0x80000006,
  "NO_MORE_FILES",
]]);

function measurement(): Measurement {
  return new Measurement({
    statusName: (status) => NAMES.get(status) ?? `0x${status.toString(16)}`,
  });
}

function record(fields: Partial<OperationRecord>): OperationRecord {
  return {
    id: 1,
    client: "a",
    command: "READ",
    path: "f",
    label: null,
    due: null,
    sentAt: 10,
    completedAt: 12,
    status: 0,
    expected: "SUCCESS",
    matched: true,
    payload: 0,
    bytesSent: 100,
    bytesReceived: 80,
    ...fields,
  };
}

Deno.test("an operation that may be left out is skipped, and is no divergence", () => {
  const all = measurement();
  const unsent = { command: "LOGOFF", sentAt: null, completedAt: null, status: null, skipped: "x" };
  all.add(record({ ...unsent, matched: true }));
  all.add(record({ ...unsent, matched: false }));
  const { skipped, divergenceCount } = all.summary();
  assertEquals([skipped, divergenceCount], [2, 1]);
});

Deno.test("every operation is counted once, as matched, mismatched or skipped", () => {
  const all = measurement();
  all.add(record({ payload: 4096 }));
  all.add(record({ command: "WRITE", payload: 512, status: 0xc0000034, matched: false }));
  all.add(
    record({
      command: "WRITE",
      sentAt: null,
      completedAt: null,
      status: null,
      matched: false,
      skipped: "x",
    }),
  );
  all.add(
    record({
      command: "LOCK",
      completedAt: null,
      status: null,
      matched: false,
      error: "timed out",
    }),
  );
  const summary = all.summary();
  assertEquals(
    [
      summary.operations,
      summary.sent,
      summary.matched,
      summary.mismatched,
      summary.skipped,
      summary.unanswered,
    ],
    [4, 3, 1, 2, 1, 1],
  );
  assertEquals([summary.payloadRead, summary.payloadWritten], [4096, 512]);
  assertEquals([summary.bytesSent, summary.bytesReceived], [300, 240]);
  assertEquals(summary.statuses.map(({ name, count, expected }) => [name, count, expected]), [
    ["SUCCESS", 1, 1],
    ["OBJECT_NAME_NOT_FOUND", 1, 0],
  ]);
  assertEquals(summary.commands.map(({ command, count, errors }) => [command, count, errors]), [
    ["LOCK", 1, 1],
    ["READ", 1, 0],
    ["WRITE", 1, 1],
  ]);
  assertEquals(summary.divergenceCount, 3);
});

Deno.test("an expected error status is an error of the command and no divergence", () => {
  const all = measurement();
  all.add(record({ command: "CREATE", status: 0xc0000034, expected: "OBJECT_NAME_NOT_FOUND" }));
  all.add(record({ command: "QUERY_DIRECTORY", status: 0x80000006, expected: "NO_MORE_FILES" }));
  const summary = all.summary();
  assertEquals(summary.commands.map(({ command, errors }) => [command, errors]), [
    ["CREATE", 1],
    ["QUERY_DIRECTORY", 0],
  ]);
  assertEquals(summary.divergences, []);
});

Deno.test("divergences that are alike form one group, earliest operation of the script first", () => {
  const all = measurement();
  for (const id of [9, 30, 7, 8, 41, 42, 43]) {
    all.add(record({ id, status: 0xc0000034, matched: false, label: String(id * 10) }));
  }
  all.add(record({ id: 2, command: "CREATE", grant: { expected: "RWH", actual: "R" } }));
  const summary = all.summary();
  assertEquals(
    summary.divergences.map((group) => [group.first.id, group.first.kind, group.count]),
    [
      [2, "grant", 1],
      [7, "status", 7],
    ],
  );
  assertEquals(summary.divergences[1]?.examples.map((example) => example.label), [
    "70",
    "80",
    "90",
    "300",
    "410",
  ]);
  assertEquals(summary.divergenceCount, 8);
});

Deno.test("a grant as recorded is no divergence", () => {
  const all = measurement();
  all.add(record({ command: "CREATE", grant: { expected: "RH", actual: "RH" } }));
  assertEquals(all.summary().divergenceCount, 0);
});

Deno.test("lag is how much later than due an operation was sent", () => {
  const all = measurement();
  all.add(record({ due: 10, sentAt: 10.5 }));
  all.add(record({ due: 20, sentAt: 23 }));
  all.add(record({ due: null, sentAt: 999, completedAt: 1000 }));
  const { lag, duration } = all.summary();
  assertEquals([lag.count, lag.min, lag.max], [2, 0.5, 3]);
  assertEquals(duration, 1000);
});

Deno.test("breaks are counted with their acknowledgements", () => {
  const all = measurement();
  const event = { client: "a", kind: "lease", path: "f", from: "RWH", to: "RH" } as const;
  all.addBreak({ ...event, ackRequired: true, receivedAt: 5, acknowledgedAt: 6, ackStatus: 0 });
  all.addBreak({
    ...event,
    ackRequired: true,
    receivedAt: 7,
    acknowledgedAt: 8,
    ackStatus: 0xc0000001,
  });
  all.addBreak({
    ...event,
    ackRequired: false,
    receivedAt: 9,
    acknowledgedAt: null,
    ackStatus: null,
  });
  const { breaks } = all.summary();
  assertEquals(
    [breaks.received, breaks.ackRequired, breaks.acknowledged, breaks.refused, breaks.latency.max],
    [3, 2, 2, 1, 1],
  );
});

Deno.test("an empty run has a summary of zeros", () => {
  const summary = measurement().summary();
  assertEquals([summary.operations, summary.duration, summary.lag.p99], [0, 0, 0]);
});

Deno.test("percentiles come within a thousandth, and beyond an hour nothing breaks", () => {
  const all = measurement();
  for (let i = 1; i <= 1000; i++) all.add(record({ sentAt: 0, completedAt: i / 10 }));
  all.add(record({ command: "LOCK", sentAt: 0, completedAt: 7_200_000 }));
  const [read, lock] = all.summary().commands;
  assertEquals(Math.abs((read?.latency.p95 ?? 0) - 95) < 0.1, true);
  assertEquals(lock?.latency.max, 7_200_000);
});
