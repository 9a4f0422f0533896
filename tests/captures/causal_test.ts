/** `--causal`: think times are those of the capture, behind answers of any time, in script, rows and workload JSON. */
import { assert, assertEquals } from "@std/assert";
import type { Plan } from "../../compiler/mod.ts";
import { parseWorkload, type Scenario, workloadDefinition } from "../../runtime/script/mod.ts";
import { play } from "../cli/harness.ts";
import { SkippingClock } from "../harness/skipping_clock.ts";
import {
  closeAnswer,
  closeBody,
  Conversation,
  createAnswer,
  createBody,
  fileId,
  writeAnswer,
  writeBody,
} from "./conversation.ts";
import { Outputs } from "./outputs.ts";

/** Seconds that answers took, and that the client then thought. */
const ANSWERS = [0.0002, 0.001, 0.003, 0.0049, 0.02, 0.4];
const THINKING = [0, 0.00005, 0.0003, 0.002, 0.0048, 0.007, 0.05, 3];

/** A client that writes, with every think time behind every answer. */
function thoughtful(): Conversation {
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  for (const took of ANSWERS) {
    for (const think of THINKING) {
      const messageId = talk.ask("WRITE", writeBody(fileId(1), 0n, new Uint8Array(8)));
      talk.wire.wait(took - 0.00001);
      talk.answer("WRITE", writeAnswer(8), { messageId });
      talk.wire.wait(think);
    }
  }
  talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  return talk;
}

/** Of each operation that followed another one: seconds from that one's answer, in the capture and in the run. */
async function thinkTimes(scenario: unknown, plan: Plan, folder: string) {
  const { operations, failed, error } = await play(scenario as Scenario, {
    causal: true,
    clock: new SkippingClock(),
    folder,
  });
  if (failed) throw error;
  const records = new Map(operations.map((record) => [record.label, record]));
  const byId = new Map(plan.operations.map((operation) => [operation.id, operation]));
  return plan.operations.flatMap(({ kind, at, enabledBy, frames }) => {
    const before = byId.get(enabledBy ?? -1);
    const due = records.get(String(frames.request))?.due ?? null;
    const answered = records.get(String(before?.frames.request))?.completedAt ?? null;
    if (before === undefined || before.answeredAt === null || due === null) return [];
    assert(answered !== null, `no answer before ${kind} ${frames.request}`);
    const recorded = Math.max(0, at - before.answeredAt);
    return [{ frame: frames.request, recorded, played: (due - answered) / 1000 }];
  });
}

Deno.test("think times are those of the capture, in script, rows and JSON", async () => {
  using outputs = new Outputs(thoughtful().wire.pcap());
  const { folder } = outputs;
  const { path, plan } = await outputs.script();
  const { workload } = parseWorkload(JSON.parse(await outputs.json()));
  const script = (await import(`file://${path}`)).default;
  const rows = (await import(`file://${await outputs.rows()}`)).default;
  const exact = [rows, workloadDefinition(workload)];
  const sums: number[] = [];
  for (const scenario of [script, ...exact]) {
    const times = await thinkTimes(scenario, plan, folder);
    assertEquals(times.length, ANSWERS.length * THINKING.length + 4);
    for (const { frame, recorded, played } of times) {
      // Scripts leave out what would be exacter than timers are.
      const limit = scenario === script ? Math.max(0.0006, 0.1 * recorded) : 0.00001;
      assert(Math.abs(played - recorded) <= limit, `#${frame}: ${played} s, not ${recorded} s`);
    }
    sums.push(times.reduce((sum, { played, recorded }) => sum + played - recorded, 0));
  }
  // Over all of them what is left out hardly counts.
  for (const sum of sums) assert(Math.abs(sum) < 0.05, `${sum} s of ${ANSWERS.length * 3.06} s`);
});
