import { assertEquals } from "@std/assert";
import { framed } from "../tests/captures/conversation.ts";
import { concat } from "./capture/_build.ts";
import { Stamp } from "./capture/mod.ts";
import { Deframer, type Frame, type Skipped } from "./deframe.ts";
import { type Connection, type Direction, StreamData } from "./stream_events.ts";

const ENDPOINT = { address: "10.0.0.1", port: 445 };
const DIRECTION: Direction = {
  connection: {} as Connection,
  index: 0,
  source: ENDPOINT,
  destination: ENDPOINT,
  initiator: true,
};

function stamp(frame: number): Stamp {
  return new Stamp({ frame, seconds: frame, nanoseconds: 0 });
}

/** An SMB2 unit: signature, the header's size, and filling. */
function smb2(length: number, fill = 0x11): Uint8Array<ArrayBuffer> {
  const unit = new Uint8Array(length).fill(fill);
  unit.set([0xfe, 0x53, 0x4d, 0x42, 64, 0]);
  return unit;
}

/** What a deframer said, each as one short text. */
class Listener {
  readonly said: string[] = [];
  readonly bytes: Uint8Array[] = [];
  readonly deframer: Deframer<string>;
  #frame = 0;

  constructor(fromStart = true, skimFrom = Infinity) {
    this.deframer = new Deframer({
      skims: (_bytes: Uint8Array, _start: number, length: number) => length >= skimFrom,
      frame: (owner: string, frame: Frame) => {
        assertEquals(owner, "client");
        this.bytes.push(frame.bytes.slice(frame.start, frame.end));
        const known = frame.end - frame.start;
        const size = known === frame.length
          ? `${known}`
          : `${known}${frame.skimmed ? " skimmed of " : "/"}${frame.length}`;
        this.said.push(`${size}@${frame.first.frame}-${frame.completed.frame}`);
      },
      skipped: (_owner: string, { frame, bytes }: Skipped) =>
        this.said.push(`skipped ${bytes}@${frame}`),
    }, { owner: "client", fromStart });
  }

  /** Pushes a segment; its number is counted up. */
  push(...segments: Uint8Array[]): this {
    for (const bytes of segments) {
      const carried = stamp(++this.#frame);
      // A copy that is overwritten afterwards: views do not last.
      const view = bytes.slice();
      this.deframer.push(
        new StreamData({
          direction: DIRECTION,
          position: 0,
          source: view,
          start: 0,
          end: view.length,
          completed: carried,
          carried,
        }),
      );
      view.fill(0xa5);
    }
    return this;
  }

  gap(missing: number): this {
    this.deframer.gap(missing);
    return this;
  }

  end(): string[] {
    this.deframer.end(this.#frame);
    return this.said;
  }
}

const TWO = concat(framed(smb2(70, 1)), framed(smb2(90, 2)));

Deno.test("units in one segment are frames of that packet", () => {
  assertEquals(new Listener().push(TWO).end(), ["70@1-1", "90@1-1"]);
});

Deno.test("a unit over several segments names its first and its last packet", () => {
  const listener = new Listener().push(TWO.subarray(0, 30), TWO.subarray(30, 60), TWO.subarray(60));
  assertEquals(listener.end(), ["70@1-3", "90@3-3"]);
  assertEquals(listener.bytes, [smb2(70, 1), smb2(90, 2)]);
});

Deno.test("a stream cut anywhere in two gives the same frames", () => {
  for (let at = 1; at < TWO.length; at++) {
    const listener = new Listener().push(TWO.subarray(0, at), TWO.subarray(at));
    listener.end();
    assertEquals(listener.bytes, [smb2(70, 1), smb2(90, 2)], `cut at ${at}`);
    assertEquals(listener.said.length, 2, `cut at ${at}`);
  }
});

Deno.test("a stream byte by byte gives the same frames", () => {
  const listener = new Listener().push(...[...TWO].map((byte) => new Uint8Array([byte])));
  assertEquals(listener.end(), ["70@1-74", "90@75-168"]);
  assertEquals(listener.bytes, [smb2(70, 1), smb2(90, 2)]);
});

Deno.test("a prefix split over packets belongs to the packet of its first byte", () => {
  const listener = new Listener().push(TWO.subarray(0, 76), TWO.subarray(76));
  assertEquals(listener.end(), ["70@1-1", "90@1-2"]);
});

Deno.test("a gap inside a unit leaves what came before it, and the next unit is found in place", () => {
  const listener = new Listener().push(TWO.subarray(0, 40)).gap(10).push(TWO.subarray(50));
  assertEquals(listener.end(), ["36/70@1-2", "90@2-2"]);
  assertEquals(listener.bytes[0], smb2(70, 1).subarray(0, 36));
});

Deno.test("a gap that ends with a unit's end needs no search", () => {
  const listener = new Listener().push(TWO.subarray(0, 40)).gap(34).push(TWO.subarray(74));
  assertEquals(listener.end(), ["36/70@1-1", "90@2-2"]);
});

Deno.test("a gap over the edge of units resumes at the next signature", () => {
  const three = concat(TWO, framed(smb2(80, 3)));
  const listener = new Listener().push(three.subarray(0, 40)).gap(60).push(three.subarray(100));
  assertEquals(listener.end(), ["36/70@1-1", "skipped 68@2", "80@2-2"]);
});

Deno.test("a gap right behind a unit does not hide where the search begins", () => {
  const listener = new Listener().push(TWO.subarray(0, 74)).gap(20).push(TWO.subarray(94), TWO);
  assertEquals(listener.end(), ["70@1-1", "skipped 74@2", "70@3-3", "90@3-3"]);
});

Deno.test("a gap within the first bytes of a prefix gives them up", () => {
  const listener = new Listener().push(TWO.subarray(0, 77)).gap(3).push(TWO.subarray(80), TWO);
  assertEquals(listener.end(), ["70@1-1", "skipped 91@1", "70@3-3", "90@3-3"]);
});

Deno.test("a snap length that cuts every packet leaves the start of each unit", () => {
  const listener = new Listener().push(TWO.subarray(0, 26)).gap(48)
    .push(TWO.subarray(74, 100)).gap(68);
  assertEquals(listener.end(), ["22/70@1-1", "22/90@2-2"]);
});

Deno.test("a connection from its start that is something else is foreign", () => {
  const listener = new Listener().push(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  assertEquals(listener.deframer.foreign, true);
  assertEquals(listener.push(TWO).gap(5).end(), []);
});

Deno.test("a connection captured from its middle is searched for a unit", () => {
  const listener = new Listener(false).push(concat(smb2(50).subarray(10), TWO));
  assertEquals(listener.deframer.foreign, false);
  assertEquals(listener.end(), ["skipped 40@1", "70@1-1", "90@1-1"]);
});

Deno.test("file data that contains an SMB2 signature is no unit", () => {
  const data = new Uint8Array(60);
  data.set([0, 0, 0, 20, 0xfe, 0x53, 0x4d, 0x42, 9, 9], 10);
  assertEquals(new Listener(false).push(concat(data, TWO)).end(), [
    "skipped 60@1",
    "70@1-1",
    "90@1-1",
  ]);
});

Deno.test("a signature split over segments is found all the same", () => {
  for (let at = 41; at < 60; at++) {
    const bytes = concat(new Uint8Array(44).fill(7), TWO);
    const listener = new Listener(false).push(bytes.subarray(0, at), bytes.subarray(at));
    listener.end();
    assertEquals(listener.bytes, [smb2(70, 1), smb2(90, 2)], `cut at ${at}`);
  }
});

Deno.test("bytes that lose the rhythm are passed over until the next unit", () => {
  const listener = new Listener().push(concat(framed(smb2(70)), new Uint8Array(30).fill(9), TWO));
  assertEquals(listener.end(), ["70@1-1", "skipped 29@1", "70@1-1", "90@1-1"]);
});

Deno.test("NetBIOS session requests, answers and keep-alives pass by", () => {
  const request = concat(new Uint8Array([0x81, 0, 0, 68]), new Uint8Array(68).fill(0x43));
  const positive = new Uint8Array([0x82, 0, 0, 0]);
  const keepAlive = new Uint8Array([0x85, 0, 0, 0]);
  const listener = new Listener().push(request.subarray(0, 30), request.subarray(30), positive)
    .push(concat(keepAlive, framed(smb2(70)), keepAlive), framed(smb2(90)));
  assertEquals(listener.end(), ["70@4-4", "90@5-5"]);
});

Deno.test("a unit of no length is no unit, and reading goes on behind it", () => {
  const listener = new Listener().push(TWO, concat(new Uint8Array(4), TWO));
  assertEquals(listener.end(), ["70@1-1", "90@1-1", "skipped 3@2", "70@2-2", "90@2-2"]);
});

Deno.test("the end of the capture leaves what is known of a unit", () => {
  assertEquals(new Listener().push(TWO.subarray(0, 100)).end(), ["70@1-1", "22/90@1-1"]);
  assertEquals(new Listener().push(TWO.subarray(0, 78)).end(), ["70@1-1", "skipped 4@1"]);
});

Deno.test("encrypted, compressed and SMB1 units are frames", () => {
  const units = [0xfd, 0xfc, 0xff].map((first) => {
    const unit = smb2(70);
    unit[0] = first;
    return framed(unit);
  });
  assertEquals(new Listener().push(concat(...units)).end(), ["70@1-1", "70@1-1", "70@1-1"]);
});

Deno.test("of a unit whose data nobody wants the beginning is kept, wherever segments end", () => {
  const units = concat(framed(smb2(5000)), framed(smb2(200)));
  for (const size of [7, 111, 112, 120, 1460, 4000]) {
    const listener = new Listener(true, 1000);
    for (let at = 0; at < units.length; at += size) listener.push(units.subarray(at, at + size));
    const said = listener.end().map((text) => text.replace(/@.*/, ""));
    assertEquals(said, [`${said[0]?.split(" ")[0]} skimmed of 5000`, "200"]);
    assertEquals(listener.bytes[0]?.subarray(0, 112), smb2(5000).subarray(0, 112));
    assertEquals(listener.bytes[1], smb2(200));
  }
});

Deno.test("a unit that was passed over and has a gap is a cut one", () => {
  const listener = new Listener(true, 1000);
  listener.push(framed(smb2(5000)).subarray(0, 1000)).gap(4004).push(framed(smb2(200)));
  assertEquals(listener.end(), ["112/5000@1-1", "200@2-2"]);
});
