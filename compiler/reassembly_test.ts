import { assert, assertEquals } from "@std/assert";
import { type Flow, Segment, Stamp, TCP_FLAG } from "./capture/mod.ts";
import { Reassembler } from "./reassembly.ts";
import type { ReassemblyLimits } from "./reassembly_limits.ts";
import type { StreamEvent } from "./stream_events.ts";

/** One segment of a table: direction ">" (client) or "<" (server), flags, sequence number, payload. */
interface Step {
  readonly way?: ">" | "<";
  readonly flags?: string;
  readonly seq: number;
  readonly ack?: number;
  readonly data?: string;
  readonly cut?: number;
  readonly pair?: number;
  readonly seconds?: number;
}

const BITS: Record<string, number> = {
  F: TCP_FLAG.FIN,
  S: TCP_FLAG.SYN,
  R: TCP_FLAG.RST,
  A: TCP_FLAG.ACK,
};

const flows = new Map<number, Flow>();

function flowOf(pair: number, way: ">" | "<"): Flow {
  const id = pair * 2 + (way === ">" ? 0 : 1);
  let flow = flows.get(id);
  if (flow === undefined) {
    const client = { address: "10.0.0.1", port: 1000 + pair };
    const server = { address: "10.0.0.2", port: 445 };
    flow = way === ">"
      ? { id, source: client, destination: server }
      : { id, source: server, destination: client };
    flows.set(id, flow);
  }
  return flow;
}

function segmentOf(step: Step, frame: number): Segment {
  let flags = 0;
  for (const letter of step.flags ?? (step.ack === undefined ? "" : "A")) {
    flags |= BITS[letter] ?? 0;
  }
  const bytes = new TextEncoder().encode(step.data ?? "");
  return Object.assign(new Segment(), {
    stamp: new Stamp({ frame, seconds: step.seconds ?? 0, nanoseconds: frame * 1000 }),
    flow: flowOf(step.pair ?? 0, step.way ?? ">"),
    seq: step.seq >>> 0,
    ack: (step.ack ?? 0) >>> 0,
    flags,
    bytes,
    end: bytes.length,
    cut: step.cut ?? 0,
  });
}

/** Plays steps and writes each event as one short text. */
function play(steps: readonly Step[], limits: Partial<ReassemblyLimits> = {}): string[] {
  const events: string[] = [];
  const reassembler = new Reassembler((event) => events.push(textOf(event)), limits);
  steps.forEach((step, index) => reassembler.push(segmentOf(step, index + 1)));
  events.push("|");
  reassembler.finish();
  assertEquals(reassembler.keptBytes, 0);
  return events;
}

function textOf(event: StreamEvent): string {
  const { connection, index } = event.direction;
  const where = `${connection.number === 0 ? "" : connection.number}${index === 0 ? ">" : "<"}`;
  switch (event.kind) {
    case "data": {
      const text = new TextDecoder().decode(event.bytes);
      const frames = event.frame === event.firstFrame
        ? `${event.frame}`
        : `${event.firstFrame}-${event.frame}`;
      return `${where}${text}@${frames}`;
    }
    case "gap":
      return `${where}gap ${event.missing} ${event.reason}@${event.declared.frame}`;
    case "reset":
      return `${where}reset@${event.reset.frame}`;
    case "end":
      return `${where}end ${event.reason}@${event.ended.frame}`;
    case "late":
      return `${where}late ${event.bytes}@${event.seen.frame}`;
  }
}

const NO_END = [">end capture", "<end capture"];

/** Events of the client's direction before the capture's end, and gaps after it; ends by the capture's end left out. */
function clientOnly(events: readonly string[]): string[] {
  return events.filter((event) => !NO_END.some((end) => event.startsWith(end)));
}

const OPEN: Step = { flags: "S", seq: 99 };

const TABLES: [string, Step[], string[]][] = [
  ["in order", [OPEN, { seq: 100, data: "ab" }, { seq: 102, data: "c" }], [">ab@2", ">c@3", "|"]],
  [
    "retransmitted",
    [OPEN, { seq: 100, data: "ab" }, { seq: 100, data: "ab" }, { seq: 102, data: "c" }],
    [">ab@2", ">c@4", "|"],
  ],
  [
    "retransmitted with more behind",
    [OPEN, { seq: 100, data: "ab" }, { seq: 100, data: "XYcd" }],
    [">ab@2", ">cd@3", "|"],
  ],
  [
    "two segments exchanged",
    [OPEN, { seq: 102, data: "cd" }, { seq: 100, data: "ab" }],
    [">ab@3", ">cd@2-3", "|"],
  ],
  [
    "three segments backwards",
    [OPEN, { seq: 104, data: "ef" }, { seq: 102, data: "cd" }, { seq: 100, data: "ab" }],
    [">ab@4", ">cd@3-4", ">ef@2-4", "|"],
  ],
  [
    "a late segment that fills a hole and overlaps both sides",
    [OPEN, { seq: 100, data: "ab" }, { seq: 104, data: "ef" }, { seq: 101, data: "XcdYZg" }],
    [">ab@2", ">cd@4", ">ef@3-4", ">g@4", "|"],
  ],
  [
    "a segment that covers several kept ones, first bytes winning",
    [OPEN, { seq: 101, data: "b" }, { seq: 103, data: "d" }, { seq: 100, data: "aXcYe" }],
    [">a@4", ">b@2-4", ">c@4", ">d@3-4", ">e@4", "|"],
  ],
  [
    "kept twice",
    [OPEN, { seq: 102, data: "cd" }, { seq: 102, data: "XX" }, { seq: 100, data: "ab" }],
    [">ab@4", ">cd@2-4", "|"],
  ],
  [
    "sequence numbers that wrap",
    [
      { flags: "S", seq: 0xfffffffd },
      { seq: 2, data: "ef" },
      { seq: 0xfffffffe, data: "abcd" },
      { seq: 4, data: "g" },
    ],
    [">abcd@3", ">ef@2-3", ">g@4", "|"],
  ],
  [
    "a capture that starts midway",
    [{ seq: 5000, data: "ab" }, { seq: 5002, data: "c" }, { seq: 4990, data: "old" }],
    [">ab@1", ">c@2", "|"],
  ],
  [
    "data in the SYN",
    [{ flags: "S", seq: 99, data: "fast" }, { seq: 104, data: "er" }],
    [">fast@1", ">er@2", "|"],
  ],
  [
    "a keep-alive with and without its byte",
    [OPEN, { seq: 100, data: "ab" }, { seq: 101, data: "X" }, { seq: 101 }, {
      seq: 102,
      data: "c",
    }],
    [">ab@2", ">c@5", "|"],
  ],
  [
    "a hole until the capture ends",
    [OPEN, { seq: 100, data: "ab" }, { seq: 105, data: "fg" }],
    [">ab@2", "|", ">gap 3 lost@3", ">fg@3"],
  ],
  [
    "an acknowledged tail that was not captured",
    [OPEN, { seq: 100, data: "ab" }, { way: "<", seq: 1, ack: 107 }],
    [">ab@2", "|", ">gap 5 lost@3"],
  ],
  [
    "a segment cut by the snap length",
    [OPEN, { seq: 100, data: "ab", cut: 3 }, { seq: 105, data: "fg" }],
    [">ab@2", ">gap 3 cut@2", ">fg@3", "|"],
  ],
  [
    "a segment cut to nothing that arrives early",
    [OPEN, { seq: 102, cut: 2 }, { seq: 104, data: "e" }, { seq: 100, data: "ab" }],
    [">ab@4", ">gap 2 cut@4", ">e@3", "|"],
  ],
  [
    "FIN with the last bytes",
    [OPEN, { flags: "FA", seq: 100, data: "ab" }, { seq: 102, data: "late" }],
    [">ab@2", ">end fin@2", ">late 4@3", "|"],
  ],
  [
    "FIN before the last bytes",
    [OPEN, { flags: "F", seq: 102 }, { seq: 100, data: "ab" }],
    [">ab@3", ">end fin@2", "|"],
  ],
  [
    "FIN behind a hole",
    [OPEN, { seq: 100, data: "ab" }, { flags: "F", seq: 104 }],
    [">ab@2", "|", ">gap 2 lost@3", ">end fin@3"],
  ],
  [
    "a sequence number far behind, as after a reuse without SYN",
    [{ seq: 0x40000000, data: "ab" }, { seq: 0x10000000, data: "cd" }, {
      seq: 0x10000002,
      data: "e",
    }],
    [">ab@1", ">gap 1 jump@2", ">cd@2", ">e@3", "|"],
  ],
];
for (const [name, steps, expected] of TABLES) {
  Deno.test(`a direction ${name}`, () => assertEquals(clientOnly(play(steps)), expected));
}

Deno.test("both directions are told apart, and end when both have sent a FIN", () => {
  assertEquals(
    play([
      { flags: "S", seq: 9 },
      { way: "<", flags: "SA", seq: 19, ack: 10 },
      { seq: 10, ack: 20, data: "hi" },
      { way: "<", seq: 20, ack: 12, data: "ho" },
      { flags: "FA", seq: 12, ack: 22 },
      { way: "<", flags: "FA", seq: 22, ack: 13 },
      { seq: 13, ack: 23 },
    ]),
    [">hi@3", "<ho@4", ">end fin@5", "<end fin@6", "|"],
  );
});

Deno.test("the source of the SYN is the initiator whichever side comes first", () => {
  const initiators = (steps: Step[]) => {
    const seen = new Map<string, boolean>();
    const reassembler = new Reassembler(({ direction }) =>
      seen.set(direction.source.address, direction.initiator)
    );
    steps.forEach((step, index) => reassembler.push(segmentOf(step, index + 1)));
    reassembler.finish();
    return [seen.get("10.0.0.1"), seen.get("10.0.0.2")];
  };
  assertEquals(initiators([{ flags: "S", seq: 9 }]), [true, false]);
  assertEquals(initiators([{ way: "<", flags: "SA", seq: 9, ack: 10 }, { flags: "S", seq: 9 }]), [
    true,
    false,
  ]);
  assertEquals(initiators([{ way: "<", seq: 9, data: "x" }]), [false, false]);
});

Deno.test("a RST is told at once, and bytes that were on their way still count", () => {
  assertEquals(
    play([
      OPEN,
      { seq: 100, data: "ab" },
      { flags: "R", seq: 102 },
      { way: "<", seq: 1, ack: 102, data: "late" },
      { seq: 102, data: "c" },
      { flags: "R", seq: 103 },
    ]),
    [">ab@2", ">reset@3", "<late@4", ">c@5", "|", ">end rst@3", "<end rst@3"],
  );
});

Deno.test("an acknowledged hole is given up after so many segments", () => {
  const steps: Step[] = [OPEN, { seq: 100, data: "ab" }, { seq: 105, data: "fg" }];
  steps.push({ way: "<", seq: 1, ack: 107 });
  for (let i = 0; i < 3; i++) steps.push({ way: "<", seq: 1, ack: 107 });
  assertEquals(clientOnly(play(steps, { patienceSegments: 3 })), [
    ">ab@2",
    ">gap 3 lost@7",
    ">fg@3",
    "|",
  ]);
});

Deno.test("an acknowledged hole is given up after so many captured seconds", () => {
  const steps: Step[] = [
    OPEN,
    { seq: 105, data: "fg" },
    { way: "<", seq: 1, ack: 107, seconds: 10 },
    { seq: 107, data: "h", seconds: 13 },
  ];
  assertEquals(clientOnly(play(steps)), [">gap 5 lost@4", ">fg@2", ">h@4", "|"]);
});

Deno.test("a hole that nobody acknowledged is waited for", () => {
  const steps: Step[] = [OPEN, { seq: 102, data: "cd" }];
  for (let i = 0; i < 500; i++) steps.push({ way: "<", seq: 1, ack: 100, seconds: i });
  steps.push({ seq: 100, data: "ab", seconds: 500 });
  assertEquals(clientOnly(play(steps)), [">ab@503", ">cd@2-503", "|"]);
});

Deno.test("acknowledgements captured before their data give nothing up", () => {
  const steps: Step[] = [OPEN];
  const expected: string[] = [];
  for (let i = 0; i < 300; i++) {
    steps.push({ way: "<", seq: 1, ack: 101 + i });
    steps.push({ seq: 100 + i, data: "x" });
    expected.push(`>x@${steps.length}`);
  }
  assertEquals(clientOnly(play(steps)), [...expected, "|"]);
});

Deno.test("what lies behind a lost hole is delivered before what the peer answered to it", () => {
  assertEquals(
    clientOnly(play([
      OPEN,
      { seq: 105, data: "question" },
      { way: "<", seq: 500, ack: 113, data: "answer" },
      { seq: 113, data: "next" },
      { way: "<", seq: 506, ack: 117, data: "reply" },
      { seq: 117, ack: 511 },
    ], { patienceSegments: 3 })),
    [">gap 5 lost@6", ">question@2", "<answer@3", ">next@4", "<reply@5", "|"],
  );
});

Deno.test("a hole is given up when too much is kept behind it", () => {
  const steps: Step[] = [OPEN];
  for (let i = 0; i < 5; i++) steps.push({ seq: 110 + i * 2, data: "xx" });
  assertEquals(clientOnly(play(steps, { directionBytes: 8 })).slice(0, 3), [
    ">gap 10 limit@6",
    ">xx@2",
    ">xx@3",
  ]);
  const scattered: Step[] = [OPEN, { seq: 102, data: "a" }, { seq: 104, data: "b" }, {
    seq: 106,
    data: "c",
  }];
  assertEquals(clientOnly(play(scattered, { intervals: 2 })), [
    ">gap 2 limit@4",
    ">a@2",
    "|",
    ">gap 1 lost@4",
    ">b@3",
    ">gap 1 lost@4",
    ">c@4",
  ]);
});

Deno.test("connections are numbered by their first packet, and anew for a new SYN", () => {
  const numbers: (number | undefined)[] = [];
  const reassembler = new Reassembler(() => {});
  const steps: Step[] = [
    { pair: 3, flags: "S", seq: 9 }, // 0
    { pair: 1, seq: 5, data: "x" }, // 1
    { pair: 3, flags: "S", seq: 9 }, // 0: retransmitted
    { pair: 3, way: "<", flags: "SA", seq: 70, ack: 10 }, // 0
    { pair: 3, flags: "S", seq: 1000 }, // 2: other initial number
    { pair: 3, way: "<", flags: "SA", seq: 900, ack: 1001 }, // 2
    { pair: 3, flags: "FA", seq: 1001, ack: 901 }, // 2
    { pair: 3, flags: "S", seq: 1000 }, // 2: as Wireshark 4.0 has it, even after the end
    { pair: 1, flags: "S", seq: 4 }, // 1: the number that fits the data
    { pair: 1, flags: "S", seq: 77 }, // 3
  ];
  steps.forEach((step, index) => {
    const segment = segmentOf(step, index + 1);
    reassembler.push(segment);
    numbers.push(reassembler.streamNumber(segment.flow));
  });
  assertEquals(numbers, [0, 1, 0, 0, 2, 2, 2, 2, 1, 3]);
  assertEquals(reassembler.connections, 4);
});

Deno.test("a reuse of the endpoints ends the connection before", () => {
  assertEquals(
    play([OPEN, { seq: 100, data: "a" }, { flags: "S", seq: 900 }, { seq: 901, data: "b" }]),
    [
      ">a@2",
      ">end reused@3",
      "<end reused@3",
      "1>b@4",
      "|",
      "1>end capture@4",
      "1<end capture@4",
    ],
  );
});

Deno.test("an ignored connection delivers nothing more and keeps nothing", () => {
  const events: string[] = [];
  const reassembler = new Reassembler((event) => {
    events.push(textOf(event));
    reassembler.ignore(event.direction.connection);
  });
  const steps: Step[] = [OPEN, { seq: 102, data: "b" }, { seq: 100, data: "aa" }, {
    seq: 200,
    data: "c",
  }];
  steps.forEach((step, index) => reassembler.push(segmentOf(step, index + 1)));
  reassembler.finish();
  assertEquals(events, [">aa@3"]);
  assertEquals(reassembler.keptBytes, 0);
});

Deno.test("a connection may be ignored at any event", () => {
  const steps: Step[] = [
    OPEN,
    { seq: 106, data: "gh" },
    { seq: 104, data: "ef" },
    {
      seq: 112,
      data: "mn",
    },
    { way: "<", seq: 1, ack: 114, data: "held" },
    { seq: 100, data: "abcd" },
    {
      flags: "F",
      seq: 120,
    },
  ];
  for (let last = 1; last <= 8; last++) {
    let count = 0;
    const reassembler = new Reassembler((event) => {
      if (++count === last) reassembler.ignore(event.direction.connection);
    });
    steps.forEach((step, index) => reassembler.push(segmentOf(step, index + 1)));
    reassembler.finish();
    assertEquals(count, last);
    assertEquals(reassembler.keptBytes, 0);
  }
});

Deno.test("bytes kept for later are copies", () => {
  const delivered: string[] = [];
  const reassembler = new Reassembler((event) => {
    if (event.kind === "data") delivered.push(new TextDecoder().decode(event.bytes));
  });
  const early = segmentOf({ seq: 102, data: "cd" }, 2);
  reassembler.push(segmentOf(OPEN, 1));
  reassembler.push(early);
  early.payload.fill(0x58);
  reassembler.push(segmentOf({ seq: 100, data: "ab" }, 3));
  assertEquals(delivered, ["ab", "cd"]);
});

function randomBelow(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 0x100000000 * below);
  };
}

Deno.test("shuffled, repeated and overlapping segments give the stream back", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = randomBelow(seed);
    const length = 1 + random(200);
    const source = Array.from({ length }, (_, i) => String.fromCharCode(33 + (i * 7 + seed) % 90));
    const first = random(2) === 0 ? 100 : 0xffffffff - random(length);
    const pieces: Step[] = [];
    for (let at = 0; at < length;) {
      const end = Math.min(length, at + 1 + random(20));
      const from = Math.max(0, at - random(8));
      pieces.push({ seq: first + from, data: source.slice(from, end).join("") });
      if (random(4) === 0) pieces.push({ seq: first + at, data: source.slice(at, end).join("") });
      at = end;
    }
    for (let i = pieces.length - 1; i > 0; i--) {
      const j = random(i + 1);
      const [one, other] = [pieces[i], pieces[j]];
      if (one !== undefined && other !== undefined) [pieces[i], pieces[j]] = [other, one];
    }
    let text = "";
    let latest = 0;
    const reassembler = new Reassembler((event) => {
      if (event.kind === "end") return;
      assert(event.kind === "data", `seed ${seed}: ${event.kind}`);
      assertEquals(event.position, text.length);
      assert(event.frame >= latest && event.frame >= event.firstFrame);
      latest = event.frame;
      text += new TextDecoder().decode(event.bytes);
    });
    [{ flags: "S", seq: first - 1 }, ...pieces].forEach((step, index) =>
      reassembler.push(segmentOf(step, index + 1))
    );
    assertEquals(text, source.join(""), `seed ${seed}`);
    reassembler.finish();
  }
});

Deno.test("shuffled segments with some lost give every byte at its place and state the rest", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = randomBelow(1000 + seed);
    const length = 50 + random(200);
    const source = new Uint8Array(length).map((_, i) => 33 + (i * 11 + seed) % 90);
    const present = new Uint8Array(length);
    const steps: Step[] = [{ flags: "S", seq: 99 }];
    for (let at = 0; at < length;) {
      const end = Math.min(length, at + 1 + random(20));
      if (random(5) > 0) {
        const cut = random(6) === 0 ? random(end - at) : 0;
        present.fill(1, at, end - cut);
        const data = new TextDecoder().decode(source.subarray(at, end - cut));
        steps.splice(1 + random(steps.length), 0, { seq: 100 + at, data, cut });
      }
      at = end;
    }
    steps.push({ way: "<", seq: 1, ack: 100 + length });
    const got = new Uint8Array(length);
    let position = 0;
    const reassembler = new Reassembler((event) => {
      if (event.kind === "end" || event.direction.index === 1) return;
      assert(event.kind === "data" || event.kind === "gap");
      assertEquals(event.position, position, `seed ${seed}`);
      if (event.kind === "data") got.set(event.bytes, position);
      position += event.kind === "data" ? event.bytes.length : event.missing;
    });
    steps.forEach((step, index) => reassembler.push(segmentOf(step, index + 1)));
    reassembler.finish();
    assertEquals(position, length, `seed ${seed}`);
    assertEquals(got, source.map((byte, i) => present[i] === 1 ? byte : 0), `seed ${seed}`);
  }
});

Deno.test("segments made up at random keep to the limits", () => {
  const random = randomBelow(42);
  const limits = { directionBytes: 1000, totalBytes: 1500, intervals: 20 };
  const ended = new Set<unknown>();
  const reassembler = new Reassembler((event) => {
    assertEquals(
      ended.has(event.direction),
      event.kind === "late",
      "only late bytes follow an end",
    );
    if (event.kind === "end") ended.add(event.direction);
    if (event.kind === "gap") assert(event.missing > 0);
    if (event.kind === "data") assert(event.bytes.length > 0);
  }, limits);
  for (let frame = 1; frame < 20_000; frame++) {
    const flags = ["A", "A", "A", "A", "S", "SA", "FA", "R", ""][random(200) < 190 ? 0 : random(9)];
    reassembler.push(segmentOf({
      pair: random(4),
      way: random(2) === 0 ? ">" : "<",
      flags: flags ?? "A",
      seq: random(50) === 0 ? random(0x100000000) : random(3000),
      ack: random(50) === 0 ? random(0x100000000) : random(3000),
      data: "z".repeat(random(60)),
      cut: random(20) === 0 ? random(50) : 0,
      seconds: frame >> 6,
    }, frame));
    assert(reassembler.keptBytes <= 1500 + 4 * 1060, `${reassembler.keptBytes} kept`);
  }
  reassembler.finish();
  assertEquals(reassembler.keptBytes, 0);
});

Deno.test("of too many connections those are let go that ended, then those that are silent the longest", () => {
  const told: string[] = [];
  const forgotten: string[] = [];
  const reassembler = new Reassembler((event) => {
    if (event.kind !== "end") return;
    told.push(`${event.direction.connection.number} ${event.reason}`);
  }, {
    connections: 8,
    forgotten: ({ connection: { number }, flow, open }) =>
      forgotten.push(`${number} ${flow?.id ?? "reused"}${open ? " open" : ""}`),
  });
  let frame = 0;
  const push = (step: Step) => reassembler.push(segmentOf(step, ++frame));
  for (let pair = 0; pair < 8; pair++) push({ pair, flags: "S", seq: 100 });
  push({ pair: 5, flags: "FA", seq: 101, ack: 501 });
  push({ pair: 5, way: "<", flags: "FA", seq: 501, ack: 102 });
  push({ pair: 0, flags: "A", seq: 101, ack: 501, data: "x" });
  told.length = 0;
  push({ pair: 8, flags: "S", seq: 100 });
  assertEquals(told, ["1 capture", "1 capture"]);
  assertEquals(forgotten, ["5 10", "1 2 open"]);
  push({ pair: 1, flags: "A", seq: 101, data: "late" });
  assertEquals(reassembler.streamNumber(flowOf(1, ">")), 9);
  push({ pair: 0, flags: "S", seq: 900 });
  assertEquals(forgotten.slice(2), ["0 reused"]);
  assertEquals(reassembler.streamNumber(flowOf(0, ">")), 10);
});
