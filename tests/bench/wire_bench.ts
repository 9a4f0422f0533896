/** Nanoseconds per message, each direction: `deno bench tests/bench/wire_bench.ts`. */
import {
  decodeMessage,
  encodeChain,
  encodeMessage,
  FrameDecoder,
  makeHeader,
  type Message,
  splitChain,
  Writer,
} from "../../runtime/wire/mod.ts";
import { GOLDEN_MESSAGES } from "../golden/wire_messages.ts";

const FILE_ID = { persistent: 1n, volatile: 2n };
const NONE = new Uint8Array(0);

function read(length: number): Message {
  return {
    kind: "response",
    command: "READ",
    header: makeHeader({ command: 8, flags: 1, messageId: 9n, sessionId: 1n, treeId: 1 }),
    body: { data: new Uint8Array(length), dataRemaining: 0, flags: 0 },
  };
}

function write(length: number): Message {
  return {
    kind: "request",
    command: "WRITE",
    header: makeHeader({ command: 9, messageId: 9n, sessionId: 1n, treeId: 1 }),
    body: {
      offset: 0n,
      fileId: FILE_ID,
      channel: 0,
      remainingBytes: 0,
      channelInfo: NONE,
      flags: 0,
      data: new Uint8Array(length),
    },
  };
}

function encoded(message: Message): Uint8Array {
  const writer = new Writer();
  encodeMessage(writer, message);
  return writer.bytes().slice();
}

const CASES: readonly (readonly [string, Message])[] = [
  ...GOLDEN_MESSAGES.map(({ name, value }) => [name, value] as const),
  ["READ response of 4 KiB", read(4096)],
  ["READ response of 1 MiB", read(1 << 20)],
  ["WRITE request of 4 KiB", write(4096)],
  ["WRITE request of 1 MiB", write(1 << 20)],
];

for (const [name, message] of CASES) {
  const bytes = encoded(message);
  Deno.bench(`decode ${name}`, { group: "decode" }, () => {
    decodeMessage(bytes);
  });
}

for (const [name, message] of CASES) {
  Deno.bench(`encode ${name}`, { group: "encode" }, () => {
    encodeChain([message]);
  });
}

const FRAMES = new Uint8Array(
  Array.from({ length: 16 }, () => encodeChain([read(4096)]).frame)
    .flatMap((frame) => frame.flatMap((piece) => [...piece])),
);

Deno.bench("deframe, split and decode 16 READ responses of 4 KiB in one chunk", {
  group: "stream",
}, () => {
  for (const { payload } of new FrameDecoder().push(FRAMES)) {
    for (const part of splitChain(payload)) decodeMessage(part.bytes);
  }
});
