/** Clients that find what the end of another's connection closed: script, rows and workload JSON keep that order. */
import { assertEquals } from "@std/assert";
import { parseWorkload, workloadDefinition } from "../../runtime/script/mod.ts";
import { definitionOf, type Streams, streamsOf } from "../harness/request_stream.ts";
import {
  closeAnswer,
  closeBody,
  Conversation,
  createAnswer,
  createBody,
  fileId,
  Wire,
} from "./conversation.ts";
import { Outputs } from "./outputs.ts";

const SHARING_VIOLATION = 0xc0000043;

/**
 * Alice keeps a file for herself until `end`; bob is refused before and gets it afterwards. Then she takes it again with
 * another connection.
 */
function takenInTurns(end: (alice: Conversation) => void): Wire {
  const wire = new Wire();
  const alice = new Conversation({ wire }).open("alice");
  const bob = new Conversation({ wire, client: "10.0.0.9:1000" });
  bob.negotiate(0x0300, "00000000-0000-0000-0000-000000000002");
  bob.login("bob", { sessionId: 0x200n });
  bob.tree();
  const alone = createBody("x", { shareAccess: 0, createDisposition: 3 });
  alice.exchange("CREATE", alone, createAnswer(fileId(1), { createAction: 2 }));
  bob.exchange("CREATE", alone, null, { status: SHARING_VIOLATION });
  end(alice);
  bob.exchange("CREATE", alone, createAnswer(fileId(2)));
  bob.exchange("CLOSE", closeBody(fileId(2)), closeAnswer());
  const again = new Conversation({ wire, client: "10.0.0.1:1001" });
  again.negotiate();
  again.login("alice", { sessionId: 0x300n });
  again.tree();
  again.exchange("CREATE", alone, createAnswer(fileId(3)));
  again.exchange("CLOSE", closeBody(fileId(3)), closeAnswer());
  return wire;
}

const ENDS = {
  "a connection's end"(alice: Conversation): void {
    alice.segment("request", { flags: "FA" });
    alice.segment("response", { flags: "FA" });
  },
  "a LOGOFF"(alice: Conversation): void {
    alice.exchange("LOGOFF", { reserved: 0 }, { reserved: 0 });
  },
  "a TREE_DISCONNECT"(alice: Conversation): void {
    alice.exchange("TREE_DISCONNECT", { reserved: 0 }, { reserved: 0 });
  },
};

/** Operations that did not end as in the capture. */
function differences({ records, notes }: Streams): unknown[] {
  return [...records.map((line) => JSON.parse(line)).filter(({ matched }) => !matched), ...notes];
}

for (const [name, end] of Object.entries(ENDS)) {
  Deno.test(`${name} comes before what another client then finds, in script, rows and JSON`, async () => {
    using outputs = new Outputs(takenInTurns(end).pcap());
    const { folder } = outputs;
    const { path, plan } = await outputs.script();
    const [ended] = plan.operations.filter(({ kind }) => /disconnect|logoff|untree/.test(kind));
    const opened = plan.operations.filter(({ kind, client }) =>
      kind === "create" && client === "bob"
    );
    assertEquals(opened.map(({ afterOthers }) => afterOthers?.includes(ended!.id) ?? false), [
      false,
      true,
    ]);
    assertEquals(ended!.afterOthers, [opened[0]!.id]);
    for (const scenario of [path, await outputs.rows()]) {
      const { definition, blobs } = await definitionOf(scenario);
      assertEquals(differences(await streamsOf(definition, { folder, blobs })), [], scenario);
    }
    const { workload } = parseWorkload(JSON.parse(await outputs.json()));
    assertEquals(differences(await streamsOf(workloadDefinition(workload), { folder })), []);
  });
}
