/**
 * What happened before what, in captures whose clients meet on the same files: in every mode of time an operation is sent
 * only when those are answered that it followed, its own client's and others'. The clock skips idle time.
 */
import { assert, assertEquals } from "@std/assert";
import { compile } from "../../compiler/mod.ts";
import type { OperationRecord } from "../../runtime/measure/mod.ts";
import { replay, type Scenario } from "../../runtime/script/mod.ts";
import { passed, play } from "../cli/harness.ts";
import { sharedPath, sharedTest } from "../harness/interop.ts";
import { SkippingClock } from "../harness/skipping_clock.ts";

/** How to play: options of a run, and whether it goes step by step. */
type Mode = Partial<NonNullable<Parameters<typeof play>[1]>>;

/** @param length Seconds of the capture. */
function modesOf(length: number): Readonly<Record<string, Mode>> {
  return {
    "recorded times": {},
    "ten times as fast": { speed: 10 },
    "a thousand times as fast": { speed: 1000 },
    "a tenth as fast": { speed: 0.1 },
    "no idle time": { maxIdle: 0 },
    "idle times cut": { maxIdle: 0.05 },
    "think times": { causal: true },
    "think times, five times as fast": { causal: true, speed: 5 },
    "only the order": { asap: true },
    "a loop": { asap: true, loop: 2 },
    "a window": { from: length / 4, to: 0.9 * length },
    "step by step": { asap: true, step: stepping() },
  };
}

/** Lets operations go one after the other, as somebody does who presses Enter at once. */
function stepping(): (operation: string) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => last = last.then(() => {});
}

/** An order that has to be kept: frames of requests. */
interface Edge {
  readonly first: string;
  readonly then: string;
  readonly others: boolean;
}

interface Story {
  readonly script: string;
  readonly edges: readonly Edge[];
  readonly length: number;
}

async function storyOf(capture: string | URL): Promise<Story> {
  const { plan, script } = await compile(capture, { version: "0", fold: "none" });
  const frames = new Map(plan.operations.map(({ id, frames }) => [id, String(frames.request)]));
  const edges = plan.operations.flatMap(({ id, after, afterOthers = [] }) => {
    const edge = (others: boolean) => (before: number): Edge[] => {
      const [first, then] = [frames.get(before), frames.get(id)];
      return first === undefined || then === undefined ? [] : [{ first, then, others }];
    };
    return [...after.flatMap(edge(false)), ...afterOthers.flatMap(edge(true))];
  });
  return { script, edges, length: Math.max(...plan.operations.map(({ at }) => at)) };
}

/** The scenario of a text. */
async function scenarioOf(script: string): Promise<Scenario> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-order-" });
  try {
    await Deno.writeTextFile(`${folder}/scenario.ts`, script);
    return (await import(`file://${folder}/scenario.ts`)).default;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Operations by frame; in a loop one for each round, in the order of the rounds. */
async function played(scenario: Scenario, mode: Mode) {
  const { operations, notes, failed, error } = await play(scenario, {
    clock: new SkippingClock(),
    timeout: 60,
    ...mode,
  });
  if (failed) throw error;
  const labelled = operations.filter(({ label }) => label !== null);
  return { records: Map.groupBy(labelled, ({ label }) => label ?? ""), notes };
}

/** Edges that were not kept, and how many could be looked at. */
function look(
  edges: readonly Edge[],
  { records, notes }: {
    readonly records: ReadonlyMap<string, readonly OperationRecord[]>;
    readonly notes: readonly string[];
  },
) {
  const broken: string[] = [];
  let checked = 0;
  for (const { first, then, others } of edges) {
    for (const [round, later] of (records.get(then) ?? []).entries()) {
      const earlier = records.get(first)?.[round];
      const answered = earlier?.completedAt ?? null;
      if (answered === null || later.sentAt === null) continue;
      // What the server holds back until another client does something may hold everybody up: then it is let go, and told.
      const isHeld = earlier?.command === "CHANGE_NOTIFY" || earlier?.command === "LOCK";
      if (isHeld && notes.some((note) => note.includes(` went on without ${first}`))) continue;
      if (others) checked++;
      if (later.sentAt < answered) broken.push(`#${then} before #${first} was answered`);
    }
  }
  return { broken, checked };
}

async function keepsOrder(capture: string | URL, t: Deno.TestContext): Promise<void> {
  const { script, edges, length } = await storyOf(capture);
  const between = edges.filter(({ others }) => others).length;
  const scenario = await scenarioOf(script);
  for (const [name, mode] of Object.entries(modesOf(length))) {
    await t.step(name, async () => {
      const { broken, checked } = look(edges, await played(scenario, mode));
      assertEquals(broken, []);
      const least = mode.to === undefined ? between / 2 : 1;
      assert(checked >= least, `only ${checked} of ${between} orders between clients were checked`);
    });
  }
  await t.step("without the script's `after` the order is broken, and that is seen", async () => {
    const cut = script.replaceAll(/after: \[[^\]]*\]/g, "after: []");
    assert(cut !== script, "the script has no order between clients");
    const { broken } = look(
      edges.filter(({ others }) => others),
      await played(await scenarioOf(cut), { asap: true }),
    );
    assert(broken.length > 0, "nothing was seen");
  });
}

Deno.test("order between clients is kept in every mode: examples/office.pcap", async (t) => {
  await keepsOrder(new URL("../../examples/office.pcap", import.meta.url), t);
});

Deno.test("a client that is idle for minutes goes on in its order, and nothing is noted", async (t) => {
  const long = replay({ source: "x", clients: { a: {}, b: {} } }, {
    async a(c, p) {
      await c.at(0, 1);
      const t = await (await (await c.connect()).login()).tree(p.share("x"));
      await c.at(300, 10);
      const f = await t.open("f", { access: "rw", disposition: "create" });
      await c.at(301, 11);
      await f.close();
    },
    async b(c, p) {
      await c.at(0, 2);
      const t = await (await (await c.connect()).login()).tree(p.share("x"));
      await c.at(302, 20, { after: [11] });
      await t.open("f", {});
    },
  });
  for (const [name, mode] of Object.entries(modesOf(302))) {
    await t.step(name, async () => {
      const { operations, notes } = passed(
        await play(long, { clock: new SkippingClock(), timeout: 60, ...mode }),
      );
      const [first, then] = ["11", "20"].map((one) =>
        operations.find(({ label }) => label === one)
      );
      if (mode.to === undefined) {
        assert((then?.sentAt ?? 0) >= (first?.completedAt ?? Infinity), "the order was broken");
      }
      assertEquals(notes, []);
    });
  }
});

/** Captures of several clients; what the server in memory does otherwise than theirs is of no account here. */
const SHARED = [
  "contention-lease",
  "multi-4clients-small",
  "rclone",
  "torture-create",
];

for (const name of SHARED) {
  const path = `captures/own/${name}.pcap`;
  sharedTest(`order between clients is kept in every mode: ${name}`, [path], async (t) => {
    await keepsOrder(sharedPath(path) ?? "", t);
  });
}
