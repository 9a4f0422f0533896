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
    unanswered: null,
    settled: false,
    facts,
  };
}

/** Settles exchanges and tells the order of the lines. */
class Lines {
  readonly exchanges: Exchange[] = [];
  readonly #lines = new OperationLines(
    new ReplayState(),
    (lines) => this.#text += new TextDecoder().decode(lines),
  );
  #text = "";

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

  /** Numbers of the exchanges in the order of their lines. */
  finish(): number[] {
    this.#lines.finish();
    return this.#text.trimEnd().split("\n").map((line) => JSON.parse(line).i);
  }
}

Deno.test("a line waits until those before it are settled", () => {
  const lines = new Lines();
  lines.open(4);
  lines.settle(2);
  lines.settle(1);
  lines.settle(0);
  lines.open(2);
  lines.settle(4);
  assertEquals(lines.finish(), [0, 1, 2, 3, 4, 5]);
});

Deno.test("an exchange that stays open for long is passed over, and written when it is settled", () => {
  const lines = new Lines();
  lines.open(2);
  for (let index = 2; index <= 70_000; index++) {
    lines.open(1);
    lines.settle(index);
  }
  lines.settle(0);
  const order = lines.finish();
  // The other one is never settled: its line comes at the end.
  assertEquals(order, [...Array(70_001).keys()].slice(2).concat(0, 1));
});
