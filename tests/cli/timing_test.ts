/** Modes of time on a compiled capture whose clients meet on the same files: what happened before still does. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { compile } from "../../compiler/mod.ts";
import { smbench } from "./harness.ts";

const CAPTURE = "examples/office.ts";

const MODES: Readonly<Record<string, readonly string[]>> = {
  "recorded times": [],
  "ten times as fast": ["--speed", "10"],
  "a thousand times as fast": ["--speed", "1000"],
  "only the order": ["--asap"],
  "think times": ["--causal"],
  "think times, five times as fast": ["--causal", "--speed", "5"],
  "no idle time": ["--max-idle", "0s"],
  "a window": ["--from", "200ms"],
};

/** Operations that others had to wait for: frame -> frames before. */
async function edges(): Promise<ReadonlyMap<number, readonly number[]>> {
  const { plan } = await compile(new URL("../../examples/office.pcap", import.meta.url), {
    version: "0",
  });
  const frames = new Map(plan.operations.map(({ id, frames }) => [id, frames.request]));
  return new Map(
    plan.operations.flatMap(({ frames: { request }, afterOthers }) =>
      afterOthers === undefined
        ? []
        : [[request, afterOthers.flatMap((id) => frames.get(id) ?? [])] as const]
    ),
  );
}

interface Line {
  readonly frame: string;
  readonly type: string;
  readonly due_us?: number;
  readonly sent_us: number;
  readonly completed_us: number;
}

async function played(args: readonly string[]): Promise<ReadonlyMap<string, Line>> {
  const log = await Deno.makeTempFile({ suffix: ".ndjson" });
  try {
    const { code, err } = await smbench(["run", CAPTURE, ...args, "--oplog", log]);
    assertEquals(code, 0, err);
    const lines = (await Deno.readTextFile(log)).trimEnd().split("\n")
      .map((line): Line => JSON.parse(line)).filter(({ type }) => type === "operation");
    return new Map(lines.map((line) => [line.frame, line]));
  } finally {
    await Deno.remove(log);
  }
}

for (const [mode, args] of Object.entries(MODES)) {
  Deno.test(`${mode}: nothing is sent before it is due, or before what it must follow`, async () => {
    const before = await edges();
    assert(before.size >= 4, "the capture has no conflicts");
    const lines = await played(args);
    let checked = 0;
    for (const [frame, others] of before) {
      for (const other of others) {
        const one = lines.get(String(frame));
        const first = lines.get(String(other));
        assert(one !== undefined && first !== undefined, `#${frame} or #${other} was not sent`);
        checked++;
        assert(one.sent_us >= first.completed_us, `#${frame} went before #${other} was answered`);
      }
    }
    assert(checked >= 4, "no order was checked");
    for (const { frame, due_us: due, sent_us: sent } of lines.values()) {
      if (due !== undefined) assert(sent >= due - 1, `#${frame} went before it was due`);
    }
  });
}

Deno.test("a loop plays the capture again, in the same run", async () => {
  const { code, out } = await smbench(["run", CAPTURE, "--asap", "--loop", "3", "--json"]);
  assertEquals(code, 0);
  const once = JSON.parse((await smbench(["run", CAPTURE, "--asap", "--json"])).out);
  assertEquals(JSON.parse(out).summary.sent, 3 * once.summary.sent);
});

Deno.test("a dry run lists the operations in the order of their times, and sends nothing", async () => {
  const { code, out } = await smbench([
    "run",
    CAPTURE,
    "--dry-run",
    "--target",
    "smb://192.0.2.1/nowhere",
    "-U",
    "nobody",
    "--speed",
    "2",
  ], { secret: "x" });
  assertEquals(code, 0);
  const lines = out.trimEnd().split("\n");
  assertEquals(lines[0]?.trim(), "0.000000  alice  #4  NEGOTIATE");
  const times = lines.map((line) => Number.parseFloat(line));
  assertEquals(times, times.toSorted((one, other) => one - other));
  assertStringIncludes(out, "CREATE  office\\user1");
});

Deno.test("step by step, each operation waits for Enter; c lets the rest go, q ends the run", async () => {
  const all = await smbench(["run", CAPTURE, "--asap", "--step"], { answers: ["", "", "c"] });
  assertEquals(all.code, 0);
  assertEquals(all.err.match(/\[Enter, c, q\]/g)?.length, 3);
  const some = await smbench(["run", CAPTURE, "--asap", "--step"], { answers: ["", "q"] });
  assertEquals(some.code, 105);
});
