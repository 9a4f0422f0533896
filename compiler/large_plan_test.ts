/** Plans that do not fit into memory: the same as those that do, made while the capture is read. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  closeAnswer,
  closeBody,
  Conversation,
  createAnswer,
  createBody,
  fileId,
  queryInfoBody,
  readBody,
} from "../tests/captures/conversation.ts";
import { capturePath, keysOf, sharedCaptures } from "../tests/captures/shared_captures.ts";
import { sharedTest } from "../tests/harness/interop.ts";
import { inputOf } from "./capture/_build.ts";
import type { CaptureInput } from "./capture/mod.ts";
import { withCausality } from "./causality.ts";
import { compile, type CompileOptions } from "./compile.ts";
import { Decryption, type DecryptionKeys } from "./decryption.ts";
import { OperationStore } from "./operation_store.ts";
import { type Built, PlanBuilder } from "./operations.ts";
import { countPayloads } from "./payload.ts";
import { planOf } from "./plan_source.ts";
import { readCapture } from "./read_capture.ts";

/** Makes the plan of a capture with a store, and hands it to `use` while it lasts. */
async function built<T>(
  input: CaptureInput,
  store: OperationStore,
  use: (built: Built) => T,
  keys: DecryptionKeys = {},
): Promise<T> {
  using used = store;
  let builder: PlanBuilder | undefined;
  await readCapture(input, (state) => builder = new PlanBuilder(state, used), {
    payloads: countPayloads,
    unwrapper: new Decryption(keys),
  });
  return use(builder!.finish("x"));
}

function whole({ plan, notes, coverage }: Built) {
  return { plan: planOf(withCausality(plan)), notes, coverage };
}

sharedTest(
  "a plan that was put aside is the one that stays in memory",
  ["captures/captures.json"],
  async () => {
    for (const capture of sharedCaptures()) {
      const [path, keys] = [capturePath(capture), keysOf(capture)];
      const held = await built(path, new OperationStore(), whole, keys);
      const aside = await built(path, new OperationStore({ held: 25 }), (result) => {
        const first = whole(result);
        assertEquals(whole(result), first, "it can be gone through again");
        return first;
      }, keys);
      assertEquals(aside, held, capture.file);
    }
  },
);

/** Looks at many files while a watch of the first one waits, and hears of a change in the end. */
function longWatch(rounds: number): Conversation {
  const talk = new Conversation().open();
  const folder = fileId(9999);
  talk.exchange("CREATE", createBody("watched"), createAnswer(folder));
  const watch = talk.ask("CHANGE_NOTIFY", {
    flags: 0,
    outputBufferLength: 4096,
    fileId: folder,
    completionFilter: 0xfff,
    reserved: 0,
  });
  for (let round = 0; round < rounds; round++) {
    const id = fileId(round + 1);
    talk.exchange("CREATE", createBody(`file${round}`), createAnswer(id));
    talk.exchange("QUERY_INFO", queryInfoBody(id), { output: new Uint8Array(24) });
    talk.exchange("CLOSE", closeBody(id), closeAnswer());
  }
  talk.answer("CHANGE_NOTIFY", { output: new Uint8Array(12) }, { messageId: watch });
  return talk;
}

Deno.test("what is not answered for long does not hold up what follows, and gets its answer", async () => {
  const bytes = longWatch(1000).wire.pcap();
  const store = new OperationStore();
  let before = 0;
  const result = await built(inputOf(bytes), store, (one) => {
    before = store.count;
    return whole(one);
  });
  assertEquals(before, result.plan.operations.length);
  const watch = result.plan.operations.find(({ kind }) => kind === "changeNotify");
  assertEquals([watch?.status, typeof watch?.answeredAt], [0, "number"]);
  assertEquals(watch?.frames.response, result.plan.operations.at(-1)!.frames.response! + 1);
  assertEquals(result.notes, []);
});

Deno.test("operations are made while the capture is read, whatever waits", async () => {
  const bytes = longWatch(1000).wire.pcap();
  using store = new OperationStore();
  const counts: number[] = [];
  await readCapture(inputOf(bytes), (state) => {
    const builder = new PlanBuilder(state, store);
    return {
      opened(exchange) {
        builder.opened(exchange);
        counts.push(exchange.index - store.count);
      },
      pending() {},
      settled: (exchange) => builder.settled(exchange),
    };
  }, { payloads: countPayloads });
  assertEquals(counts.length > 3000, true);
  assert(Math.max(...counts) < 2200, `${Math.max(...counts)} exchanges waited`);
});

Deno.test("many operations go into rows, and the work can be interrupted", async () => {
  const bytes = longWatch(3000).wire.pcap();
  const lines: string[] = [];
  const decoder = new TextDecoder();
  const write = (_path: string, bytes: Uint8Array) => void lines.push(decoder.decode(bytes));
  const rows = { above: 100, write };
  const options = { version: "0", dataFolder: "x.data", rows };
  const { script, count, plan, coverage } = await compile(inputOf(bytes), options);
  assertEquals(lines.join("").trimEnd().split("\n").length, count);
  assertEquals([plan.operations.length, coverage.emitted], [0, coverage.seen]);
  assert(script.includes("x.data/"));
  const stop = new AbortController();
  const stages = new Set<string>();
  await assertRejects(
    () =>
      compile(inputOf(bytes), {
        ...options,
        signal: stop.signal,
        work({ stage }) {
          stages.add(stage);
          if (stage === "writing") stop.abort();
        },
      }),
    DOMException,
  );
  assertEquals([...stages], ["writing"]);
});

Deno.test("rows have other names, too, and none of what was not selected", async () => {
  const bytes = longWatch(300).wire.pcap();
  const same = (name: string) => name;
  const names = { server: same, share: same, domain: same, path: same, user: () => "Elsa" };
  const countOf = async (options: Partial<CompileOptions>) => {
    let text = "";
    const write = (_path: string, lines: Uint8Array) => {
      text += new TextDecoder().decode(lines);
    };
    const rows = { above: 100, write };
    const { count } = await compile(inputOf(bytes), {
      ...options,
      version: "0",
      dataFolder: "x",
      rows,
    });
    assertEquals(text.trimEnd().split("\n").length, count);
    return { count, text };
  };
  const all = await countOf({});
  const renamed = await countOf({ names });
  assertEquals([renamed.count, renamed.text.includes('"user":"Elsa"')], [all.count, true]);
  const some = await countOf({ select: { commands: ["CREATE"] } });
  assertEquals([some.count > 600, some.text.includes('"kind":"queryInfo"')], [true, false]);
});

Deno.test("what became known of an operation long after it was put aside is told with it", async () => {
  const talk = new Conversation().open();
  const kept = fileId(5000);
  talk.exchange("CREATE", createBody("kept"), createAnswer(kept));
  for (let round = 0; round < 50; round++) {
    const id = fileId(round + 1);
    talk.exchange("CREATE", createBody(`file${round}`), createAnswer(id));
  }
  talk.exchange("READ", readBody(kept, 0n, 1), {
    data: new Uint8Array(1),
    dataRemaining: 0,
    flags: 0,
  });
  const input = () => inputOf(talk.wire.pcap());
  const aside = await built(input(), new OperationStore({ held: 5 }), whole);
  const used = aside.plan.operations.flatMap((one) =>
    one.kind === "create" && one.used ? [one.path] : []
  );
  assertEquals(used, ["kept"]);
  assertEquals(aside, await built(input(), new OperationStore(), whole));
});

Deno.test("times that no clock can give tell nothing: frames tell the order, and the plan says so", async () => {
  const talk = longWatch(10);
  const { packets } = talk.wire;
  const made = async (timeOf: (index: number) => bigint) => {
    const bytes = talk.wire.pcap(
      packets.map((packet, index) => ({ ...packet, time: 10n ** 18n + timeOf(index) })),
    );
    const { plan, script } = await compile(inputOf(bytes), { version: "0" });
    return {
      timing: plan.source.timing,
      kinds: plan.operations.map(({ kind }) => kind).join(" "),
      told: /Its times\s+(\/\/ )?cannot be true/.test(script),
    };
  };
  const { kinds } = await made((index) => BigInt(index) * BigInt(1e7 + 1e4 * (index % 7)));
  for (const step of [0n, 1000n, 100_000n]) {
    const found = await made((index) => BigInt(index) * step);
    assertEquals(found, { timing: "order", kinds, told: true }, `${step}`);
  }
});
