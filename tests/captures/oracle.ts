/** Sets the lines of `inspect --operations` beside a capture's oracle and lists what differs. */
import { type DecryptionKeys, inspectOperations } from "../../compiler/mod.ts";

/** A line of either side. */
export type Row = Record<string, unknown>;

/** One value that differs, or a line that only one side has. */
export interface Difference {
  readonly field: string;
  readonly frame: unknown;
  readonly command: unknown;
  readonly ours: unknown;
  readonly oracle: unknown;
}

/**
 * Fields that the oracle takes from tshark's wording or that say nothing about the capture: names of classes, texts of
 * contexts and FSCTL bodies, and its cross-check.
 */
const NOT_COMPARED = new Set([
  "ts_agree",
  "req.level_name",
  "resp.level_name",
  "req.in",
  "req.out",
  "resp.in",
  "resp.out",
  "req.info",
  "req.name@IOCTL",
  "resp.name@IOCTL",
  // tshark tells the first segment of the frame, ours the first segment of the message.
  "t_req_first",
  "partial",
]);

/** Our lines for a capture. */
export async function operationRows(path: string, keys: DecryptionKeys = {}): Promise<Row[]> {
  let text = "";
  await inspectOperations(path, (lines) => text += new TextDecoder().decode(lines), {
    keys,
    hashes: true,
  });
  return parseRows(text);
}

/** The oracle's lines, gzip-compressed NDJSON. */
export async function oracleRows(path: string): Promise<Row[]> {
  const file = await Deno.open(path);
  const stream = file.readable.pipeThrough(new DecompressionStream("gzip"));
  return parseRows(await new Response(stream).text());
}

function parseRows(text: string): Row[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/**
 * Pairs lines by command and frames, and compares every field; lines whose responses differ are compared as far as
 * their requests go. `pairs` counts those that are paired by both frames.
 */
export function compareRows(
  ours: readonly Row[],
  oracle: readonly Row[],
): { pairs: number; differences: Difference[] } {
  const differences: Difference[] = [];
  const whole = match(ours, oracle, (row) => `${requestKey(row)}|${row.frame_resp}`);
  for (const [row, expected] of whole.pairs) {
    compareFields(row, expected, placeOf(expected), differences);
  }
  const requests = match(whole.ours, whole.oracle, requestKey);
  for (const [row, expected] of requests.pairs) {
    const at = placeOf(expected);
    differences.push({
      field: "response",
      ...at,
      ours: row.frame_resp,
      oracle: expected.frame_resp,
    });
    compareFields(requestFields(row), requestFields(expected), at, differences);
  }
  for (const row of requests.oracle) {
    differences.push({ field: "line", ...placeOf(row), ours: undefined, oracle: row.i });
  }
  for (const row of requests.ours) {
    differences.push({ field: "line", ...placeOf(row), ours: row.i, oracle: undefined });
  }
  return { pairs: whole.pairs.length, differences };
}

/** Pairs lines of equal keys, in order; what is left of either side. */
function match(
  ours: readonly Row[],
  oracle: readonly Row[],
  keyOf: (row: Row) => string,
): { pairs: [Row, Row][]; ours: Row[]; oracle: Row[] } {
  const left = Map.groupBy(ours, keyOf);
  const pairs: [Row, Row][] = [];
  const unmatched: Row[] = [];
  for (const expected of oracle) {
    const row = left.get(keyOf(expected))?.shift();
    if (row === undefined) unmatched.push(expected);
    else pairs.push([row, expected]);
  }
  return { pairs, ours: [...left.values()].flat(), oracle: unmatched };
}

function requestKey(row: Row): string {
  return `${row.cmd}|${row.frame_req}|${row.message_id ?? ""}`;
}

function placeOf(row: Row): { frame: unknown; command: unknown } {
  return { frame: row.frame_req ?? row.frame_resp, command: row.cmd };
}

/** What the request alone tells: the rest hangs on responses that one side does not have. */
function requestFields(row: Row): Row {
  const { t_req, client, server, stream, credit_charge, credits_requested, signed, req } = row;
  return { t_req, client, server, stream, credit_charge, credits_requested, signed, req };
}

function compareFields(
  ours: Row,
  oracle: Row,
  at: { frame: unknown; command: unknown },
  differences: Difference[],
  prefix = "",
): void {
  for (const field of new Set([...Object.keys(ours), ...Object.keys(oracle)])) {
    const name = prefix + field;
    if (NOT_COMPARED.has(name) || NOT_COMPARED.has(`${name}@${at.command}`)) continue;
    const [one, other] = [ours[field], oracle[field]];
    // tshark does not show all payloads; what only we know cannot be compared.
    if (field === "data" && other === undefined) continue;
    if (field === "req" || field === "resp") {
      compareFields((one ?? {}) as Row, (other ?? {}) as Row, at, differences, `${field}.`);
    } else if (!same(normal(field, one), normal(field, other))) {
      differences.push({ field: name, ...at, ours: one, oracle: other });
    }
  }
}

/** Absent is null is false, an empty list is none; contexts count by tag and lease fields. */
function normal(field: string, value: unknown): unknown {
  if (value === undefined || value === false) return null;
  // tshark prints an empty name in an NTLM message as NULL.
  if ((field === "user" || field === "domain") && value === "NULL") return "";
  if (Array.isArray(value) && value.length === 0) return null;
  if (field !== "contexts" || !Array.isArray(value)) return value;
  return value.map((context) => {
    if (context === null || typeof context !== "object") return context;
    const { name: _name, data: _data, ...rest } = context as Row;
    return rest;
  });
}

function same(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1)
      .map(([key, item]) => [key, sorted(item)]),
  );
}
