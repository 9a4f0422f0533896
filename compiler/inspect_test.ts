import { assertEquals } from "@std/assert";
import {
  Conversation,
  createAnswer,
  createBody,
  fileId,
  writeAnswer,
  writeBody,
} from "../tests/captures/conversation.ts";
import { inputOf, text } from "./capture/_build.ts";
import { PlanCounter } from "./inspect_plan.ts";
import { inspect } from "./mod.ts";
import type { PlanOperation } from "./plan.ts";

function sample(): Uint8Array<ArrayBuffer> {
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  talk.exchange("WRITE", writeBody(fileId(1), 0n, text("same")), writeAnswer(4));
  talk.exchange("WRITE", writeBody(fileId(1), 4n, text("same")), writeAnswer(4));
  talk.exchange("WRITE", writeBody(fileId(1), 9n, text("else")), writeAnswer(4));
  talk.exchange("CREATE", createBody("b"), null, { status: 0xc0000022 });
  return talk.wire.pcap();
}

Deno.test("inspecting counts clients, shares, commands, errors and bytes", async () => {
  const found = await inspect(inputOf(sample()));
  assertEquals(found.clients.map(({ thinkTime: _, ...client }) => client), [{
    id: "alice",
    address: "10.0.0.1",
    clientGuid: "00000000-0000-0000-0000-000000000001",
    users: ["alice"],
    operations: 8,
    connections: 1,
    inFlight: 1,
    read: 0,
    written: 12,
  }]);
  assertEquals(found.clientCount, 1);
  assertEquals(found.servers, [{ address: "10.0.0.2:445", dialects: ["3.0"], connections: 1 }]);
  assertEquals(found.shares, [{
    path: "\\\\lab\\share",
    connects: 1,
    type: "disk",
    operations: 5,
    read: 0,
    written: 12,
  }]);
  assertEquals(found.commands, {
    WRITE: 3,
    CREATE: 2,
    SESSION_SETUP: 2,
    NEGOTIATE: 1,
    TREE_CONNECT: 1,
  });
  assertEquals(found.errors, { ACCESS_DENIED: 1 }, "MORE_PROCESSING_REQUIRED is none");
  assertEquals(found.statuses, [
    { command: "CREATE", status: "ACCESS_DENIED", error: true, count: 1, frame: 20 },
  ]);
  assertEquals(found.bytes, { read: 0, written: 12 });
  assertEquals([found.exchanges, found.packets], [9, 20]);
  assertEquals(found.writes, { count: 3, bytes: 12, sequential: 2, sizes: { "512": 3 } });
  assertEquals(found.mix, { data: 3, metadata: 2, session: 3 });
  assertEquals(found.sessions.mechanisms, { ntlm: 1 });
  assertEquals(found.files.byOperations.map(({ path, operations }) => [path, operations]), [
    ["a", 4],
    ["b", 1],
  ]);
  assertEquals(found.security.dialects, { "3.0": 1 });
});

/** Counts operations that are told by what matters, behind a client's arrival. */
function counted(...operations: Record<string, unknown>[]) {
  const counter = new PlanCounter();
  const arrival = [
    { kind: "connect", connection: "n1", server: "lab:445", dialect: 0x0311 },
    { kind: "login", connection: "n1", session: "s1", user: "ann", domain: "X", mechanism: "ntlm" },
    { kind: "tree", session: "s1", tree: "t1", path: "\\\\lab\\data", shareType: 1 },
  ];
  for (const [index, operation] of [...arrival, ...operations].entries()) {
    counter.take({
      id: index,
      client: "ann",
      at: index,
      answeredAt: index + 0.5,
      frames: { request: 2 * index, response: 2 * index + 1 },
      status: 0,
      tree: "t1",
      after: [],
      ...operation,
    } as unknown as PlanOperation);
  }
  return counter.counts;
}

function create(file: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    kind: "create",
    file,
    path: "a",
    oplock: 0,
    contexts: [],
    granted: { oplock: 0, lease: null, action: 1, size: "0" },
    ...fields,
  };
}

Deno.test("leases and oplocks are counted as asked for and as granted", () => {
  const lease = (state: number) => [{ kind: "RqLs", version: 2, key: "L1", state, flags: 0 }];
  const { leases, oplocks, contexts } = counted(
    create("f1", { contexts: lease(7), oplock: 255, granted: { oplock: 255, lease: 3 } }),
    create("f2", { contexts: lease(7), oplock: 255, granted: { oplock: 0, lease: null } }),
    create("f3", { oplock: 9, granted: { oplock: 1, lease: null } }),
    create("f4", { oplock: 9, granted: null }),
    create("f5"),
  );
  assertEquals(leases, { asked: { RWH: 2 }, granted: { RH: 1, "no lease": 1 } });
  assertEquals(oplocks, { asked: { batch: 2 }, granted: { II: 1 } });
  assertEquals(contexts, { RqLs: 2 });
});

Deno.test("a break is acknowledged, answered by closing, or not at all", () => {
  const broken = (file: string, fields: Record<string, unknown> = {}) => ({
    kind: "break",
    breakKind: "lease",
    file,
    from: 7,
    to: 3,
    ackRequired: true,
    acknowledgedAfter: null,
    acknowledgeStatus: null,
    ...fields,
  });
  const { breaks } = counted(
    create("f1"),
    broken("f1", { acknowledgedAfter: 0.25, acknowledgeStatus: 0 }),
    broken("f2"),
    { kind: "close", file: "f2" },
    broken("f3"),
    broken("f4", { from: 3, to: 0, ackRequired: false }),
    broken("f5", { acknowledgedAfter: 0.5, acknowledgeStatus: 0xc0000001 }),
  );
  assertEquals(breaks, {
    received: 5,
    acknowledged: 2,
    closed: 1,
    unanswered: 1,
    refused: 1,
    delay: { count: 3, min: 0.25, median: 0.5, p95: 1, max: 1 },
    kinds: { "lease RWH to RH": 4, "lease RH to none": 1 },
    slowest: { client: "ann", frame: 10 },
  });
});

Deno.test("what overlaps is counted, what is kept pending is not; thinking is the time between", () => {
  const read = (at: number, answeredAt: number, frames: Record<string, number>) => ({
    kind: "read",
    file: "f1",
    offset: "0",
    length: 4096,
    returned: { length: 4096 },
    at,
    answeredAt,
    frames,
  });
  const { overlap, clients, thinkTime, reads, slowest } = counted(
    create("f1", { at: 3, answeredAt: 3.5 }),
    read(4, 6, { request: 20, response: 26 }),
    read(4.5, 5, { request: 21, response: 24 }),
    read(4.6, 9, { request: 22, interim: 23, response: 30 }),
    read(7, 7.1, { request: 27, response: 28 }),
  );
  assertEquals(overlap, { max: 2, at: 4.5 });
  assertEquals(clients.get("ann")?.inFlight, 2);
  assertEquals(thinkTime?.count, 5);
  assertEquals(thinkTime?.max, 1, "from 6 to 7");
  assertEquals(reads, { count: 4, bytes: 16_384, sequential: 1, sizes: { "4096": 4 } });
  assertEquals(
    slowest.slice(0, 2).map(({ frame, seconds, pending }) => [frame, seconds, pending]),
    [
      [22, 4.4, true],
      [20, 2, false],
    ],
  );
});
