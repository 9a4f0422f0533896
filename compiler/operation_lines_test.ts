import { assertEquals } from "@std/assert";
import { fileId } from "../tests/captures/conversation.ts";
import type { Exchange, Facts } from "./exchange.ts";
import { OperationLines } from "./operation_lines.ts";
import { ReplayState } from "./replay_state.ts";

function exchange(index: number): Exchange {
  const facts: Facts = {
    sessionId: 1n,
    treeId: 1,
    tree: null,
    fileId: fileId(1),
    fileIdInherited: false,
    path: null,
    create: null,
    reconnectFileId: null,
    cancels: null,
    acknowledges: null,
    leasePaths: [],
  };
  return {
    kind: "exchange",
    index,
    stream: 0,
    client: "10.0.0.1:1000",
    server: "10.0.0.2:445",
    command: "ECHO",
    request: null,
    interim: null,
    response: null,
    chain: null,
    responseChained: false,
    repeatedMessageId: false,
    settled: false,
    facts,
  };
}

/** Settles exchanges and tells the order of the lines. */
class Lines {
  readonly written: unknown[] = [];
  readonly exchanges: Exchange[] = [];
  readonly #lines = new OperationLines(new ReplayState(), (row) => this.written.push(row.i));

  open(count: number): void {
    for (let left = count; left > 0; left--) {
      const opened = exchange(this.exchanges.length);
      this.exchanges.push(opened);
      this.#lines.opened(opened);
    }
  }

  settle(index: number): void {
    const settled = this.exchanges[index]!;
    settled.settled = true;
    this.#lines.settled(settled);
  }

  finish(): void {
    this.#lines.finish();
  }
}

Deno.test("a line waits until those before it are settled", () => {
  const lines = new Lines();
  lines.open(4);
  lines.settle(2);
  lines.settle(1);
  assertEquals(lines.written, []);
  lines.settle(0);
  assertEquals(lines.written, [0, 1, 2]);
  lines.finish();
  assertEquals(lines.written, [0, 1, 2, 3]);
});

Deno.test("an exchange that stays open for long is passed over, and written when it is settled", () => {
  const lines = new Lines();
  lines.open(1);
  for (let index = 1; index <= 70_000; index++) {
    lines.open(1);
    lines.settle(index);
  }
  assertEquals(lines.written.length > 1000, true);
  assertEquals(lines.written.includes(0), false);
  const before = lines.written.length;
  lines.settle(0);
  assertEquals(lines.written[before], 0);
  lines.finish();
  assertEquals(lines.written.length, 70_001);
});
