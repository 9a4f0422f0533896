import { assertEquals } from "@std/assert";
import { big, concat, ethernet, ipv4, ipv6, little, packet, tcp, text } from "./_build.ts";
import { SegmentDecoder } from "./decode.ts";
import { NoteBook } from "./notes.ts";
import { FlowTable, type Segment } from "./tcp.ts";

const RAW = 101;

function decode(
  bytes: Uint8Array,
  options: { linkType?: number; originalLength?: number } = {},
): { segment: Segment | undefined; reason: string | undefined; loss: boolean | undefined } {
  const notes = new NoteBook();
  const segment = new SegmentDecoder(notes).decode({
    frame: 9,
    seconds: 1,
    nanoseconds: 2,
    linkType: options.linkType ?? RAW,
    bytes: concat(big(1, 0xff), bytes, big(1, 0xff)),
    start: 1,
    end: 1 + bytes.length,
    originalLength: options.originalLength ?? bytes.length,
  });
  const note = notes.list()[0];
  return { segment, reason: note?.reason, loss: note?.loss };
}

function payloadOf(segment: Segment | undefined): string | undefined {
  return segment && new TextDecoder().decode(segment.payload);
}

const HI = packet({ payload: "hi" });
const HI6 = ipv6(tcp({ payload: "hi" }));

const LINKS: [string, number, Uint8Array][] = [
  ["Ethernet", 1, ethernet(HI)],
  ["Ethernet with IPv6", 1, ethernet(HI6, { type: 0x86dd })],
  ["a VLAN tag", 1, ethernet(HI, { tags: [[0x8100, 5]] })],
  ["two VLAN tags", 1, ethernet(HI, { tags: [[0x88a8, 5], [0x8100, 6]] })],
  ["an MPLS label stack", 1, ethernet(concat(big(4, 0x1000, 0x2100), HI), { type: 0x8847 })],
  ["PPP", 9, concat(big(2, 0x0021), HI)],
  ["PPP with IPv6 in HDLC framing", 50, concat(big(2, 0xff03, 0x0057), HI6)],
  ["PPP with a compressed protocol", 9, concat(big(1, 0x21), HI)],
  ["PPPoE as link type", 51, concat(big(2, 0x1100, 1, 0, 0x0021), HI)],
  ["PKTAP of macOS", 258, concat(little(4, 16, 1, 1, 0), ethernet(HI))],
  ["PPPoE", 1, ethernet(concat(big(2, 0x1100, 1, 0, 0x0021), HI), { type: 0x8864 })],
  ["NULL in little endian", 0, concat(big(4, 0x02000000), HI)],
  ["NULL with IPv6 of macOS", 0, concat(big(4, 30), HI6)],
  ["LOOP", 108, concat(big(4, 2), HI)],
  ["raw IP 12", 12, HI],
  ["raw IP 14", 14, HI6],
  ["raw IP 101", 101, HI6],
  ["raw IPv4", 228, HI],
  ["raw IPv6", 229, HI6],
  ["Linux cooked", 113, concat(new Uint8Array(14), big(2, 0x0800), HI)],
  ["Linux cooked with a VLAN tag", 113, concat(new Uint8Array(14), big(2, 0x8100, 1, 0x0800), HI)],
  ["Linux cooked 2", 276, concat(big(2, 0x86dd), new Uint8Array(18), HI6)],
];
for (const [name, linkType, bytes] of LINKS) {
  Deno.test(`${name} leads to the segment, and a cut anywhere in the headers is noted`, () => {
    const { segment, reason } = decode(bytes, { linkType });
    assertEquals([payloadOf(segment), reason], ["hi", undefined]);
    for (let length = 0; length < bytes.length; length++) {
      const cut = decode(bytes.subarray(0, length), { linkType, originalLength: bytes.length });
      if (length < bytes.length - 2) assertEquals(cut.segment, undefined, `at ${length}`);
      else assertEquals(cut.segment?.cut, bytes.length - length);
    }
  });
}

const REFUSED: [string, Uint8Array, { linkType?: number }, string, boolean][] = [
  [
    "ARP",
    ethernet(new Uint8Array(28), { type: 0x0806 }),
    { linkType: 1 },
    "A packet is not IP",
    false,
  ],
  ["another link type", HI, { linkType: 189 }, "A packet has the unsupported link type 189", true],
  [
    "a wireless frame",
    HI,
    { linkType: 127 },
    "A packet is a frame of a wireless network (802.11), which is not read: capture on the wire or in the host",
    true,
  ],
  ["no IP version", big(1, 0x50, 0), {}, "A packet states no known IP version", true],
  [
    "nine VLAN tags",
    ethernet(HI, { tags: Array.from({ length: 9 }, () => [0x8100, 1] as [number, number]) }),
    { linkType: 1 },
    "A packet has too many VLAN tags or MPLS labels",
    true,
  ],
  ["UDP", ipv4(new Uint8Array(40), { protocol: 17 }), {}, "A packet is IP but not TCP", false],
  [
    "a fragment of ICMP",
    ipv4(tcp(), { fragment: 0x2000, protocol: 1 }),
    {},
    "A fragment of an IP packet that is not TCP",
    false,
  ],
  [
    "a total length below the header's",
    ipv4(tcp(), { totalLength: 19 }),
    {},
    "A packet has an IP header that cannot be true",
    true,
  ],
  [
    "a TCP header longer than its packet",
    ipv4(concat(tcp().subarray(0, 12), big(1, 0xf0), tcp().subarray(13))),
    {},
    "A packet has a TCP header that cannot be true",
    true,
  ],
  [
    "tunnels without end",
    ipv4(ipv4(ipv4(ipv4(HI, { protocol: 4 }), { protocol: 4 }), { protocol: 4 }), { protocol: 4 }),
    {},
    "A packet has too many tunnels or extension headers",
    true,
  ],
];
for (const [name, bytes, options, reason, loss] of REFUSED) {
  Deno.test(`${name} is noted as "${reason}"`, () => {
    assertEquals(decode(bytes, options), { segment: undefined, reason, loss });
  });
}

Deno.test("all fields of a segment are read", () => {
  const from = "192.168.1.2:49152";
  const to = "10.1.2.3:4470";
  const bytes = packet({ from, to, seq: 0xfffffff0, ack: 0x80000001, flags: "SAF", payload: "x" });
  const { segment } = decode(bytes);
  assertEquals(segment?.flow.source, { address: "192.168.1.2", port: 49152 });
  assertEquals(segment?.flow.destination, { address: "10.1.2.3", port: 4470 });
  assertEquals([segment?.seq, segment?.ack, segment?.flags], [0xfffffff0, 0x80000001, 0x13]);
  assertEquals([segment?.stamp.frame, segment?.stamp.time], [9, 1_000_000_002n]);
  assertEquals([segment?.payload, segment?.cut], [text("x"), 0]);
});

Deno.test("IPv6 addresses are written as RFC 5952 has them", () => {
  const cases: [string, string][] = [
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["fe80:0:0:0:0:0:0:0", "fe80::"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ];
  for (const [groups, expected] of cases) {
    const { segment } = decode(ipv6(tcp(), { from: `[${groups}]:1`, to: `[${groups}]:2` }));
    assertEquals(segment?.flow.source.address, expected);
  }
});

Deno.test("padding behind the IP packet is no payload", () => {
  const { segment } = decode(ethernet(concat(packet(), new Uint8Array(6))), { linkType: 1 });
  assertEquals([segment?.payload.length, segment?.cut], [0, 0]);
});

Deno.test("a total length of zero, as segmentation offload leaves it, means the rest of the frame", () => {
  const payload = new Uint8Array(70_000).fill(1);
  assertEquals(decode(ipv4(tcp({ payload }), { totalLength: 0 })).segment?.payload.length, 70_000);
  assertEquals(
    decode(ipv6(tcp({ payload }), { payloadLength: 0 })).segment?.payload.length,
    70_000,
  );
});

Deno.test("an original length that cannot be true invents no cut bytes", () => {
  const bytes = ipv4(tcp({ payload: "x" }), { totalLength: 0 });
  assertEquals(decode(bytes, { originalLength: 0xffffffff }).segment?.cut, 0);
  assertEquals(decode(bytes, { originalLength: 0 }).segment?.cut, 0);
});

Deno.test("IPv4 options are passed over", () => {
  const bytes = ipv4(tcp({ payload: "x" }), { options: new Uint8Array(8) });
  assertEquals(payloadOf(decode(bytes).segment), "x");
});

Deno.test("IPv6 extension headers and an atomic fragment are passed over", () => {
  const inner = concat(
    big(1, 60, 0),
    new Uint8Array(6),
    big(1, 43, 1),
    new Uint8Array(14),
    big(1, 44, 0),
    new Uint8Array(6),
    big(1, 6, 0),
    new Uint8Array(6),
    tcp({ payload: "deep" }),
  );
  assertEquals(payloadOf(decode(ipv6(inner, { next: 0 })).segment), "deep");
});

Deno.test("tunnels are opened, and the inner addresses count", () => {
  const inner = packet({ from: "1.1.1.1:5", to: "2.2.2.2:445", payload: "in" });
  const vxlan = concat(big(2, 1, 4789, 0, 0), big(4, 0x08000000, 0x100), ethernet(inner));
  const geneve = concat(
    big(2, 1, 6081, 0, 0, 0x0100, 0x6558),
    big(4, 0x100, 0),
    ethernet(inner),
  );
  const erspan3 = concat(big(2, 0x1000, 0x22eb), big(4, 1, 0x20000000, 0, 1, 0, 0));
  const tunnels: Uint8Array[] = [
    ipv4(inner, { protocol: 4 }),
    ipv6(inner, { next: 4 }),
    ipv4(concat(big(2, 0, 0x0800), inner), { protocol: 47 }),
    ipv4(concat(big(2, 0x3000, 0x6558), big(4, 1, 2), ethernet(inner)), { protocol: 47 }),
    ipv4(concat(big(2, 0xb000, 0x0800), big(4, 0, 1, 2), inner), { protocol: 47 }),
    ipv4(concat(big(2, 0, 0x88be), ethernet(inner)), { protocol: 47 }),
    ipv4(concat(big(2, 0x1000, 0x88be), big(4, 1, 0x10000000, 0), ethernet(inner)), {
      protocol: 47,
    }),
    ipv4(concat(erspan3, ethernet(inner, { tags: [[0x8100, 7]] })), { protocol: 47 }),
    ipv4(vxlan, { protocol: 17 }),
    ipv4(geneve, { protocol: 17 }),
    ipv4(concat(big(1, 4, 4), big(2, 0), big(4, 1, 2, 3, 4, 5), inner), { protocol: 51 }),
  ];
  for (const bytes of tunnels) {
    const { segment } = decode(bytes);
    assertEquals(payloadOf(segment), "in");
    assertEquals(segment?.flow.source.address, "1.1.1.1");
  }
});

Deno.test("both directions of a conversation share a pair of flow numbers", () => {
  const decoder = new SegmentDecoder(new NoteBook());
  const ids = [
    packet({ from: "1.1.1.1:5", to: "2.2.2.2:6" }),
    packet({ from: "1.1.1.1:6", to: "2.2.2.2:5" }),
    packet({ from: "2.2.2.2:6", to: "1.1.1.1:5" }),
    packet({ from: "2.2.2.2:5", to: "1.1.1.1:6" }),
    packet({ from: "1.1.1.1:5", to: "2.2.2.2:6" }),
    packet({ from: "3.3.3.3:7", to: "3.3.3.3:8" }),
    packet({ from: "3.3.3.3:8", to: "3.3.3.3:7" }),
  ].map((bytes, index) =>
    decoder.decode({
      frame: index + 1,
      seconds: 0,
      nanoseconds: 0,
      linkType: RAW,
      bytes,
      start: 0,
      end: bytes.length,
      originalLength: bytes.length,
    })?.flow.id
  );
  assertEquals(ids, [0, 2, 1, 3, 0, 4, 5]);
});

Deno.test("flows are told apart however many there are, and one that was let go frees its number", () => {
  const flows = new FlowTable();
  const key = new Uint8Array(12);
  const view = new DataView(key.buffer);
  const places = { sourceOffset: 0, destinationOffset: 4, addressBytes: 4 };
  const find = (client: number, turned = false) => {
    const [from, to] = turned ? [4, 0] : [0, 4];
    view.setUint32(from, 0x0a000000 + (client >>> 12));
    view.setUint32(to, 0x0a800001);
    view.setUint16(8 + from / 2, 1024 + (client & 0xfff));
    view.setUint16(8 + to / 2, 445);
    return flows.find(key, 8, places);
  };
  for (let client = 0; client < 100_000; client++) assertEquals(find(client)?.id, client * 2);
  assertEquals(find(77_777)?.id, 155_554);
  assertEquals(find(77_777, true)?.id, 155_555);
  assertEquals(find(77_777)?.source, { address: "10.0.0.18", port: 1024 + (77_777 & 0xfff) });
  for (const client of [5, 77_777]) flows.forget(find(client, true)!);
  assertEquals([find(200_000)?.id, find(5)?.id, find(77_777)?.id], [155_554, 10, 200_000]);
  assertEquals(find(4)?.id, 8);
});
