/** What a run shows while it goes on: on a terminal, and where there is none. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { liveBlock, type LiveState } from "../../runtime/cli/live.ts";
import { ProgressLine } from "../../runtime/cli/progress.ts";
import type { Terminal } from "../../runtime/cli/terminal.ts";
import { smbench } from "./harness.ts";

const SIZE = { columns: 80, rows: 24 };

function stateOf(names: readonly string[]): LiveState {
  return {
    milliseconds: 65_000,
    progress: {
      divergences: 12,
      duration: 65_000,
      scenarios: names.map((name) => ({
        name,
        operations: 1_234_567,
        errors: 1234,
        recent: 20_123.4,
        lag: 12.34,
      })),
    },
    loads: [{ users: 10_000, dropped: 3, waiting: 4, inFlight: 700 }],
    activities: names.flatMap((scenario) => [
      { scenario, users: 2500, dropped: 0, inFlight: 300, breaksPending: 2 },
      { scenario, users: 2500, dropped: 0, inFlight: 50, breaksPending: 1 },
    ]),
  };
}

Deno.test("each scenario of a suite has a row, summed over the workers, within 80 columns", () => {
  const lines = liveBlock(stateOf(["writers", "a-very-long-name-indeed"]), SIZE);
  assertEquals(lines, [
    "  1m05s         users      ops  ops/s  errors     lag  in flight  breaks due",
    "  writers        5000  1234567  20123    1234  12.3ms        350           3",
    "  a-very-lo...   5000  1234567  20123    1234  12.3ms        350           3",
    "  12 different, 4 waiting, 3 dropped",
  ]);
});

Deno.test("one scenario is a line, broken where the terminal ends", () => {
  const wide = liveBlock(stateOf([""]), { columns: 200, rows: 24 });
  assertEquals(wide.length, 1);
  const narrow = liveBlock(stateOf([""]), { columns: 40, rows: 24 });
  for (const line of narrow) assert(line.length < 40, line);
  assertEquals(narrow.map((line) => line.trim()).join(" "), wide[0]);
});

Deno.test("more scenarios than the terminal has rows are counted", () => {
  const names = Array.from({ length: 30 }, (_, index) => `part${index}`);
  const lines = liveBlock(stateOf(names), { columns: 80, rows: 10 });
  assertEquals(lines.length, 7);
  assertMatch(lines.at(-1) ?? "", /^ {2}and 25 more scenarios, /);
});

Deno.test("the lines of a progress take the place of those before, cut at the terminal's edge", async () => {
  let text = "";
  let draws = 0;
  const drawn = Promise.withResolvers<void>();
  const terminal = {
    interactive: true,
    columns: 10,
    err(written: string) {
      text += written;
      if (++draws === 2) drawn.resolve();
    },
  } as unknown as Terminal;
  {
    using _lines = new ProgressLine(terminal, () => "0123456789\nsecond");
    await drawn.promise;
  }
  const block = "012345678\nsecond";
  const up = "\u001b[1A\r\u001b[J";
  assertEquals(text.slice(0, 2 * block.length + 2 * up.length), `${block}${up}${block}${up}`);
});

Deno.test("a terminal shows users, what is in flight, and a break that waits for its acknowledgement", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smbench-live-" });
  try {
    const path = `${folder}/held.ts`;
    await Deno.writeTextFile(
      path,
      `import { scenario, suite } from "smbench";
       const idle = scenario({ name: "idle" }, async ({ client, sleep }) => {
         await (await client("carol")).exists("x");
         await sleep(600);
       });
       const held = scenario({ name: "held" }, async ({ client }) => {
         const alice = await client("alice");
         const bob = await client("bob");
         await alice.open("f", {
           access: "rw", disposition: "create", lease: "RWH", onBreak: "withhold",
         });
         await bob.open("f", { access: "r" });
       });
       export default suite({ name: "both" }, { idle, held });`,
    );
    const { err, code } = await smbench(["run", path], {
      interactive: true,
      interruptAfter: (text) => /^ {2}held +1 +\d+ +\d+ +0 +- +1 +1$/m.test(text),
    });
    assertEquals(code, 105, err);
    assertMatch(err, /^ {2}idle +1 +\d+ +\d+ +0 +- +0 +0$/m);
    const quiet = await smbench(["run", "examples/lease_break.ts", "--quiet"], {
      interactive: true,
    });
    assertEquals(quiet.err, "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
