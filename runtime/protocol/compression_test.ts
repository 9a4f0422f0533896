import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { answer, frameOf, joined } from "../../tests/harness/scripted_server.ts";
import {
  compressFrame,
  CompressionAlgorithm,
  frameContent,
  frameHeader,
  WireError,
} from "../wire/mod.ts";
import { ProtocolError } from "./errors.ts";
import { read, SecureDuo, write } from "./testing.ts";
import type { SessionState, TreeState } from "./sessions.ts";

const { LZNT1, LZ77, LZ77_HUFFMAN, LZ4, PATTERN_V1 } = CompressionAlgorithm;

function compressing(
  algorithms: readonly number[],
  more: { chained?: boolean; encryption?: "required"; answered?: readonly number[] } = {},
): { duo: SecureDuo; session: SessionState; tree: TreeState } {
  const { chained = false, answered = algorithms } = more;
  const duo = new SecureDuo({ compressFrom: 1000 });
  duo.negotiate(0x0311, {
    offer: { compression: { algorithms, chained } },
    contexts: [{
      kind: "compression",
      flags: chained ? 1 : 0,
      padding: 0,
      algorithms: answered,
    }],
  });
  if (duo.engine.phase !== "ready") {
    return { duo, session: null as never, tree: null as never };
  }
  const { encryption } = more;
  const session = duo.login(encryption === undefined ? {} : { encryption });
  const tree = duo.tree(session);
  duo.kinds();
  return { duo, session, tree };
}

Deno.test("compression is not offered unless asked for", () => {
  const duo = new SecureDuo();
  duo.negotiate(0x0311);
  const kinds = duo.engine.offered?.contexts?.map(({ kind }) => kind);
  assertEquals(kinds, ["preauthIntegrity", "encryption", "signing"]);
  assertEquals(duo.engine.negotiated?.compression, undefined);
});

Deno.test("large writes are compressed and compressed answers read, in every algorithm", () => {
  const cases = [
    ...[LZNT1, LZ77, LZ77_HUFFMAN, LZ4].map((id) => ({ algorithms: [id], chained: false })),
    { algorithms: [LZ77, PATTERN_V1], chained: true },
    { algorithms: [LZ4, PATTERN_V1], chained: true },
  ];
  for (const { algorithms, chained } of cases) {
    for (const encryption of [undefined, "required"] as const) {
      const { duo, session, tree } = compressing(algorithms, {
        chained,
        ...(encryption === undefined ? {} : { encryption }),
      });
      assertEquals(duo.engine.negotiated?.compression, { algorithms, chained });
      const data = new Uint8Array(5000).fill(7);
      duo.send(write({ session, tree }, data));
      const request = duo.next();
      assert(request.compressed && request.message.command === "WRITE");
      assertEquals(request.message.body.data, data);
      assertEquals(request.nonce !== null, encryption === "required");
      duo.send(write({ session, tree }, new Uint8Array(10)));
      assert(!duo.next().compressed);

      duo.send(read({ session, tree }, 5000));
      const body = { data, dataRemaining: 0, flags: 0 };
      const plain = frameOf([answer<"READ">(duo.next(), body)]).subarray(4);
      const compressed = compressFrame(plain, { algorithms, chained });
      assert(compressed !== null && compressed.byteLength < 1000);
      assertEquals(frameContent(compressed), "compression");
      duo.kinds();
      duo.receive(
        encryption === "required"
          ? duo.sealBytes(compressed)
          : joined([frameHeader(compressed.byteLength), compressed]),
      );
      const { reply } = duo.find("replied");
      assertEquals(reply.body, body);
    }
  }
});

Deno.test("what does not become shorter goes out as it is", () => {
  const { duo, session, tree } = compressing([LZ77]);
  let state = 1;
  const data = Uint8Array.from({ length: 3000 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  duo.send(write({ session, tree }, data));
  assert(!duo.next().compressed);
});

Deno.test("compressed frames that nobody agreed on, and bombs, end the connection", () => {
  const bomb = compressFrame(new Uint8Array(1 << 20), {
    algorithms: [LZ77, PATTERN_V1],
    chained: true,
  });
  assert(bomb !== null && bomb.byteLength < 100);
  const frame = joined([frameHeader(bomb.byteLength), bomb]);

  const unasked = new SecureDuo();
  unasked.negotiate(0x0311);
  unasked.receive(frame);
  const { error } = unasked.find("ended");
  assertInstanceOf(error, ProtocolError);
  assertEquals(error.side, "remote");

  const small = new SecureDuo({ maxFrameLength: 1 << 19 });
  small.negotiate(0x0311, {
    offer: { compression: { algorithms: [LZ77, PATTERN_V1], chained: true } },
    contexts: [{ kind: "compression", flags: 1, padding: 0, algorithms: [LZ77, PATTERN_V1] }],
  });
  small.receive(frame);
  assertInstanceOf(small.find("ended").error, WireError);
});

Deno.test("an algorithm that was not offered is refused; none at all is none", () => {
  const { duo } = compressing([LZ77], { answered: [LZ4] });
  const { error } = duo.find("ended");
  assertInstanceOf(error, ProtocolError);
  assertEquals(error.side, "remote");
  const none = compressing([LZ77], { answered: [CompressionAlgorithm.NONE] });
  assertEquals(none.duo.engine.negotiated?.compression, undefined);
});
