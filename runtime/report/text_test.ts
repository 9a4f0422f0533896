import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Measurement, type OperationRecord } from "../measure/mod.ts";
import { jsonText } from "./json.ts";
import { summaryText } from "./text.ts";
import { byteText, printable } from "./units.ts";

const NAMES = new Map([[0, "SUCCESS"], [0xc0000034, "OBJECT_NAME_NOT_FOUND"]]);
const HEAD = {
  scenario: "customer.pcapng",
  kind: "replay",
  target: "smb://lab/share",
  verdict: "Finished with 3 differences",
  ok: false,
} as const;

function summary() {
  const all = new Measurement({ statusName: (status) => NAMES.get(status) ?? "?" });
  const base: OperationRecord = {
    id: 1,
    client: "a",
    command: "READ",
    path: "reports\\Q1.xlsx",
    label: "214",
    due: 104,
    sentAt: 104.2,
    completedAt: 104.7,
    status: 0,
    expected: "SUCCESS",
    matched: true,
    payload: 65536,
    bytesSent: 117,
    bytesReceived: 65616,
  };
  for (let id = 1; id <= 100; id++) all.add({ ...base, id });
  for (let id = 101; id <= 103; id++) {
    all.add({
      ...base,
      id,
      label: String(id),
      command: "CREATE",
      payload: 0,
      status: 0xc0000034,
      matched: false,
    });
  }
  all.addBreak({
    client: "a",
    kind: "lease",
    path: "x",
    from: "RWH",
    to: "RH",
    ackRequired: true,
    receivedAt: 1,
    acknowledgedAt: 1.5,
    ackStatus: 0,
  });
  return all.summary();
}

Deno.test("the summary is aligned, fits 80 columns and has no colours unless asked for", () => {
  const text = summaryText(summary(), HEAD, { color: false });
  for (const line of text.split("\n")) assert(line.length <= 80, `${line.length}: ${line}`);
  assert(!text.includes("\u001b"));
  assertStringIncludes(text, "  operations .: 103 sent in 105ms, ");
  assertStringIncludes(text, "  status .....: 100 as expected, 3 different");
  assertStringIncludes(text, "  breaks .....: 1 received, 1 acknowledged after 500us");
  assertStringIncludes(text, "  command  count  errors");
  assertStringIncludes(text, "  READ       100       0");
  assertStringIncludes(text, "  OBJECT_NAME_NOT_FOUND      3         0");
});

Deno.test("differences name frame, operation, path and both statuses, alike ones once", () => {
  const text = summaryText(summary(), HEAD, { color: false });
  assertStringIncludes(text, `   1. #101  CREATE  "reports\\\\Q1.xlsx"  client a  at 0.104 s`);
  assertStringIncludes(text, "      expected SUCCESS, got OBJECT_NAME_NOT_FOUND");
  assertStringIncludes(text, "      and 2 more like it: #102 #103");
});

Deno.test("colours mark the verdict", () => {
  const text = summaryText(summary(), HEAD, { color: true });
  assertStringIncludes(text, "\u001b[31mFinished with 3 differences\u001b[0m");
});

Deno.test("what a scenario says cannot steer the terminal", () => {
  const head = { ...HEAD, scenario: "a\u001b[2Jb\r\nc\u202e" };
  const text = summaryText(summary(), head, { color: false });
  assertEquals(text.split("\n")[0], "a\\u001b[2Jb\\u000d\\u000ac\\u202e replay, smb://lab/share");
  assertEquals(printable("naïve 日本"), "naïve 日本");
});

Deno.test("sizes change their unit before they have four digits", () => {
  assertEquals([1000, 1024, 1023 * 1024, 2 ** 30].map(byteText), [
    "1000 B",
    "1.00 KiB",
    "1.00 MiB",
    "1.00 GiB",
  ]);
});

Deno.test("the JSON report is one versioned line", () => {
  const text = jsonText({
    smbench: "0",
    scenario: { file: "a.ts", name: "a", kind: "scenario" },
    target: "smb://lab/share",
    startedAt: "2026-01-01T00:00:00.000Z",
    outcome: "passed",
    exitCode: 0,
    failure: null,
    notes: [],
    log: [],
    thresholds: [],
    violations: [],
    summary: summary(),
  });
  assertEquals(text.indexOf("\n"), text.length - 1);
  const parsed = JSON.parse(text);
  assertEquals([parsed.version, parsed.summary.sent, parsed.summary.divergences.length], [
    1,
    103,
    1,
  ]);
});
