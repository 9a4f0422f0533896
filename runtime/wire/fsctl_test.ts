import { assert, assertEquals, assertThrows } from "@std/assert";
import { WireError } from "./errors.ts";
import { assertMutationsSafe, assertTruncationsSafe, bytesOf, hexOf } from "./fscc/testing.ts";
import { ctlCodeName, Fsctl } from "./fsctl.ts";
import {
  decodeFsctlInput,
  decodeFsctlOutput,
  encodeFsctlBody,
  FSCTL_LAYOUTS,
  type FsctlBody,
  sockAddrText,
} from "./fsctl_bodies.ts";
import { decodeDfsReferralResponse } from "./fsctl_dfs.ts";

const GUID = "03020100-0504-0706-0809-0a0b0c0d0e0f";
const GUID_HEX = "000102030405060708090a0b0c0d0e0f";
const KEY = new Uint8Array(24).fill(7);
const KEY_HEX = "07".repeat(24);
const TOKEN = new Uint8Array(512).fill(3);
const TOKEN_HEX = "03".repeat(512);

type Direction = "input" | "output";

/** Code, direction, value and bytes; those with a capture's name were sent by a real server or client. */
const CASES: readonly (readonly [number, Direction, FsctlBody, string])[] = [
  [
    Fsctl.SRV_REQUEST_RESUME_KEY,
    "output",
    { kind: "resumeKey", resumeKey: KEY, context: bytesOf("0102") },
    `${KEY_HEX} 02000000 0102`,
  ],
  [
    Fsctl.SRV_COPYCHUNK,
    "input",
    {
      kind: "copyChunkRequest",
      sourceKey: KEY,
      reserved: 0,
      chunks: [
        { sourceOffset: 1n, targetOffset: 2n, length: 3, reserved: 0 },
        { sourceOffset: 4n, targetOffset: 5n, length: 6, reserved: 7 },
      ],
    },
    `${KEY_HEX} 02000000 00000000 0100000000000000 0200000000000000 03000000 00000000` +
    "0400000000000000 0500000000000000 06000000 07000000",
  ],
  [ // own torture-ioctl-small.pcap
    Fsctl.SRV_COPYCHUNK_WRITE,
    "output",
    { kind: "copyChunkResponse", chunksWritten: 1, chunkBytesWritten: 0, totalBytesWritten: 4096 },
    "01000000 00000000 00100000",
  ],
  [
    Fsctl.SRV_ENUMERATE_SNAPSHOTS,
    "output",
    {
      kind: "snapshots",
      numberOfSnapshots: 2,
      numberOfSnapshotsReturned: 2,
      snapshotArraySize: 10,
      snapshots: ["@A", "B"],
    },
    "02000000 02000000 0a000000 40004100 0000 4200 0000 0000",
  ],
  [
    Fsctl.SRV_ENUMERATE_SNAPSHOTS,
    "output",
    {
      kind: "snapshots",
      numberOfSnapshots: 0,
      numberOfSnapshotsReturned: 0,
      snapshotArraySize: 0,
      snapshots: [],
    },
    "00000000 00000000 00000000 0000",
  ],
  [
    Fsctl.VALIDATE_NEGOTIATE_INFO,
    "input",
    {
      kind: "validateNegotiateRequest",
      capabilities: 0x7f,
      guid: GUID,
      securityMode: 1,
      dialects: [0x0202, 0x0302],
    },
    `7f000000 ${GUID_HEX} 0100 0200 0202 0203`,
  ],
  [ // suricata-verify smb-length-5786.pcap
    Fsctl.VALIDATE_NEGOTIATE_INFO,
    "output",
    {
      kind: "validateNegotiateResponse",
      capabilities: 0x66,
      guid: "98f04f29-bf8c-8254-abba-de7ef764c3d3",
      securityMode: 3,
      dialect: 0x0302,
    },
    "66000000 294ff0988cbf5482abbade7ef764c3d3 0300 0203",
  ],
  [ // own torture-ioctl-small.pcap
    Fsctl.QUERY_NETWORK_INTERFACE_INFO,
    "output",
    {
      kind: "networkInterfaces",
      interfaces: [{
        ifIndex: 0xffffffff,
        capability: 0,
        reserved: 0,
        linkSpeed: 1_000_000_000n,
        sockAddr: bytesOf(`0200 0000 7f000001 ${"00".repeat(120)}`),
      }],
    },
    `00000000 ffffffff 00000000 00000000 00ca9a3b00000000 0200 0000 7f000001 ${"00".repeat(120)}`,
  ],
  [
    Fsctl.DFS_GET_REFERRALS,
    "input",
    { kind: "dfsReferralRequest", maxReferralLevel: 4, requestFileName: "\\a" },
    "0400 5c006100 0000",
  ],
  [
    Fsctl.DFS_GET_REFERRALS,
    "output",
    {
      kind: "dfsReferralResponse",
      pathConsumed: 4,
      headerFlags: 2,
      entries: [
        {
          form: "target",
          version: 3,
          serverType: 0,
          entryFlags: 0,
          timeToLive: 300,
          dfsPath: "a",
          dfsAlternatePath: "b",
          networkAddress: "c",
        },
        {
          form: "names",
          version: 3,
          serverType: 0,
          entryFlags: 2,
          timeToLive: 1,
          specialName: "d",
          expandedNames: ["e", "f"],
        },
      ],
    },
    "0400 0200 02000000" +
    "0300 2200 0000 0000 2c010000 4400 4800 4c00 00000000000000000000000000000000" +
    "0300 2200 0000 0200 01000000 2e00 0200 3200 00000000000000000000000000000000" +
    "6100 0000 6200 0000 6300 0000 6400 0000 6500 0000 6600 0000",
  ],
  [
    Fsctl.DFS_GET_REFERRALS,
    "output",
    {
      kind: "dfsReferralResponse",
      pathConsumed: 0,
      headerFlags: 0,
      entries: [
        { form: "share", version: 1, serverType: 1, entryFlags: 0, shareName: "s" },
        {
          form: "target",
          version: 2,
          serverType: 0,
          entryFlags: 0,
          proximity: 5,
          timeToLive: 6,
          dfsPath: "a",
          dfsAlternatePath: "",
          networkAddress: "c",
        },
      ],
    },
    "0000 0200 00000000 0100 0c00 0100 0000 7300 0000" +
    "0200 1600 0000 0000 05000000 06000000 1600 1a00 1c00 6100 0000 0000 6300 0000",
  ],
  [
    Fsctl.PIPE_WAIT,
    "input",
    { kind: "pipeWait", timeout: 10n, timeoutSpecified: true, name: "srv" },
    "0a00000000000000 06000000 01 00 730072007600",
  ],
  [Fsctl.SET_SPARSE, "input", { kind: "setSparse" }, ""],
  [Fsctl.SET_SPARSE, "input", { kind: "setSparse", setSparse: 0xff }, "ff"],
  [
    Fsctl.SET_ZERO_DATA,
    "input",
    { kind: "zeroData", fileOffset: 1n, beyondFinalZero: -1n },
    "0100000000000000 ffffffffffffffff",
  ],
  [
    Fsctl.QUERY_ALLOCATED_RANGES,
    "input",
    { kind: "allocatedRanges", ranges: [{ fileOffset: 0n, length: 4096n }] },
    "0000000000000000 0010000000000000",
  ],
  [Fsctl.QUERY_ALLOCATED_RANGES, "output", { kind: "allocatedRanges", ranges: [] }, ""],
  [ // zeek smb_v2_only_non_zero_reserved1.pcap, the first 16 bytes
    Fsctl.CREATE_OR_GET_OBJECT_ID,
    "output",
    {
      kind: "objectId",
      objectId: "ca82a458-c1dc-11ef-8f92-c8db83a0ee65",
      extendedInfo: new Uint8Array(48),
    },
    `58a482cadcc1ef118f92c8db83a0ee65 ${"00".repeat(48)}`,
  ],
  [Fsctl.GET_COMPRESSION, "output", { kind: "compression", compressionState: 2 }, "0200"],
  [
    Fsctl.LMR_REQUEST_RESILIENCY,
    "input",
    { kind: "resiliencyRequest", timeout: 1000, reserved: 0 },
    "e8030000 00000000",
  ],
  [
    Fsctl.GET_INTEGRITY_INFORMATION,
    "output",
    {
      kind: "integrityInformation",
      checksumAlgorithm: 2,
      reserved: 0,
      flags: 1,
      checksumChunkSizeInBytes: 4096,
      clusterSizeInBytes: 65536,
    },
    "0200 0000 01000000 00100000 00000100",
  ],
  [
    Fsctl.SET_INTEGRITY_INFORMATION,
    "input",
    { kind: "setIntegrityInformation", checksumAlgorithm: 0xffff, reserved: 0, flags: 1 },
    "ffff 0000 01000000",
  ],
  [
    Fsctl.DUPLICATE_EXTENTS_TO_FILE,
    "input",
    {
      kind: "duplicateExtents",
      sourcePersistent: 1n,
      sourceVolatile: 2n,
      sourceFileOffset: 3n,
      targetFileOffset: 4n,
      byteCount: 5n,
    },
    "0100000000000000 0200000000000000 0300000000000000 0400000000000000 0500000000000000",
  ],
  [
    Fsctl.DUPLICATE_EXTENTS_TO_FILE_EX,
    "input",
    {
      kind: "duplicateExtentsEx",
      structureSize: 0x30n,
      sourcePersistent: 1n,
      sourceVolatile: 2n,
      sourceFileOffset: 3n,
      targetFileOffset: 4n,
      byteCount: 5n,
      flags: 1,
      reserved: 0,
    },
    "3000000000000000 0100000000000000 0200000000000000 0300000000000000 0400000000000000" +
    "0500000000000000 01000000 00000000",
  ],
  [
    Fsctl.FILE_LEVEL_TRIM,
    "input",
    { kind: "trimRequest", key: 0, ranges: [{ fileOffset: 1n, length: 2n }] },
    "00000000 01000000 0100000000000000 0200000000000000",
  ],
  [Fsctl.FILE_LEVEL_TRIM, "output", { kind: "trimResponse", numRangesProcessed: 1 }, "01000000"],
  [
    Fsctl.SET_REPARSE_POINT,
    "input",
    { kind: "reparsePoint", tag: 0xa000000c, reserved: 0, data: bytesOf("0102") },
    "0c0000a0 0200 0000 0102",
  ],
  [
    Fsctl.OFFLOAD_READ,
    "input",
    {
      kind: "offloadReadRequest",
      size: 32,
      flags: 0,
      tokenTimeToLive: 1,
      reserved: 0,
      fileOffset: 2n,
      copyLength: 3n,
    },
    "20000000 00000000 01000000 00000000 0200000000000000 0300000000000000",
  ],
  [
    Fsctl.OFFLOAD_READ,
    "output",
    { kind: "offloadReadResponse", size: 528, flags: 0, transferLength: 1n, token: TOKEN },
    `10020000 00000000 0100000000000000 ${TOKEN_HEX}`,
  ],
  [
    Fsctl.OFFLOAD_WRITE,
    "input",
    {
      kind: "offloadWriteRequest",
      size: 544,
      flags: 0,
      fileOffset: 1n,
      copyLength: 2n,
      transferOffset: 3n,
      token: TOKEN,
    },
    `20020000 00000000 0100000000000000 0200000000000000 0300000000000000 ${TOKEN_HEX}`,
  ],
  [
    Fsctl.OFFLOAD_WRITE,
    "output",
    { kind: "offloadWriteResponse", size: 16, flags: 0, lengthWritten: 1n },
    "10000000 00000000 0100000000000000",
  ],
];

function decode(ctlCode: number, direction: Direction): (bytes: Uint8Array) => FsctlBody {
  return (bytes) =>
    direction === "input" ? decodeFsctlInput(ctlCode, bytes) : decodeFsctlOutput(ctlCode, bytes);
}

Deno.test("each body is its golden bytes, both ways", () => {
  for (const [ctlCode, direction, body, hex] of CASES) {
    assertEquals(hexOf(encodeFsctlBody(body)), hex.replaceAll(" ", ""), body.kind);
    assertEquals(decode(ctlCode, direction)(bytesOf(hex.replaceAll(" ", ""))), body);
  }
});

Deno.test("every fixed body has a golden case", () => {
  const kinds = new Set(CASES.map(([, , body]) => body.kind as string));
  assertEquals(Object.keys(FSCTL_LAYOUTS).filter((kind) => !kinds.has(kind)), []);
});

Deno.test("cut or changed bytes never raise, and a changed input comes back unchanged", () => {
  for (const [ctlCode, direction, , hex] of CASES) {
    const bytes = bytesOf(hex.replaceAll(" ", ""));
    if (bytes.byteLength === 0) continue;
    const check = (changed: Uint8Array) => {
      const body = decode(ctlCode, direction)(changed);
      if (direction === "input") assertEquals(encodeFsctlBody(body), changed);
    };
    assertTruncationsSafe(bytes, check);
    assertMutationsSafe(bytes, check, { rounds: 100 });
  }
});

Deno.test("an input with bytes behind its structure stays raw", () => {
  const bytes = bytesOf("0100000000000000 0200000000000000 00".replaceAll(" ", ""));
  assertEquals(decodeFsctlInput(Fsctl.SET_ZERO_DATA, bytes), { kind: "raw", data: bytes });
});

Deno.test("a code or direction without a known body stays raw", () => {
  const data = bytesOf("0102");
  assertEquals(decodeFsctlInput(0x12345678, data), { kind: "raw", data });
  assertEquals(decodeFsctlOutput(Fsctl.PIPE_TRANSCEIVE, data), { kind: "raw", data });
  assertEquals(encodeFsctlBody({ kind: "raw", data }), data);
});

Deno.test("targets that share one string decode, as Windows sends them", () => {
  const hex = "0200 0200 00000000" +
    "0300 2200 0000 0000 2c010000 4400 4400 4800 00000000000000000000000000000000" +
    "0300 2200 0000 0000 2c010000 2200 2200 2600 00000000000000000000000000000000" +
    "6100 0000 6300 0000";
  const body = decodeFsctlOutput(Fsctl.DFS_GET_REFERRALS, bytesOf(hex.replaceAll(" ", "")));
  assert(body.kind === "dfsReferralResponse");
  assertEquals(
    body.entries.map((entry) => entry.form === "target" && [entry.dfsPath, entry.networkAddress]),
    [["a", "c"], ["a", "c"]],
  );
});

Deno.test("referrals that point thousands of times into one long string are given up", () => {
  const count = 1000;
  const bytes = new Uint8Array(8 + count * 22 + 20000);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, count, true);
  bytes.fill(0x41, 8 + count * 22, bytes.byteLength - 2);
  for (let i = 0; i < count; i++) {
    const start = 8 + i * 22;
    view.setUint16(start, 2, true);
    view.setUint16(start + 2, 22, true);
    // Each entry begins its strings at another character of the same long one.
    const offset = 22 * (count - i) + i * 2;
    for (const field of [16, 18, 20]) view.setUint16(start + field, offset, true);
  }
  assertThrows(() => decodeDfsReferralResponse(bytes), WireError, "overlap");
  assertEquals(decodeFsctlOutput(Fsctl.DFS_GET_REFERRALS, bytes).kind, "raw");
});

Deno.test("addresses are text, an unknown family is none", () => {
  const address = (hex: string) => sockAddrText(bytesOf(hex.padEnd(256, "0")));
  assertEquals(address("020001bdc0000201"), "192.0.2.1:445");
  assertEquals(
    address("17000000" + "00000000" + "fe80000000000000000000000000000a"),
    "[fe80::a]:0",
  );
  assertEquals(address("1700"), "[::]:0");
  assertEquals(
    address("1700000000000000" + "20010db8000100020003000400050006"),
    "[2001:db8:1:2:3:4:5:6]:0",
  );
  assertEquals(address("0300"), null);
  assertEquals(sockAddrText(new Uint8Array(4)), null);
});

Deno.test("codes have names, unknown ones print as eight digits", () => {
  assertEquals(ctlCodeName(0x001440f2), "SRV_COPYCHUNK");
  assertEquals(ctlCodeName(0x77), "0x00000077");
  const codes = Object.values(Fsctl);
  assertEquals(new Set(codes).size, codes.length);
});

/** Codes for which tshark 4 has numbers of another access than MS-FSCC 2.3 gives. */
const TSHARK_DIFFERS: ReadonlySet<string> = new Set([
  "SET_OBJECT_ID",
  "DELETE_OBJECT_ID",
  "DELETE_REPARSE_POINT",
  "SET_OBJECT_ID_EXTENDED",
  "SET_ENCRYPTION",
  "READ_FILE_USN_DATA",
  "WRITE_USN_CLOSE_RECORD",
]);

const tshark = await tsharkCodes();

Deno.test({
  name: "codes that tshark knows too have the numbers that tshark gives",
  ignore: tshark === null,
  fn() {
    let compared = 0;
    for (const [name, code] of Object.entries(Fsctl)) {
      const theirs = tshark?.get(name);
      if (theirs === undefined || TSHARK_DIFFERS.has(name)) continue;
      assert(theirs.has(code), `${name}: tshark has ${[...theirs].map((n) => n.toString(16))}`);
      compared += 1;
    }
    assert(compared > 40, `only ${compared} codes were compared`);
  },
});

async function tsharkCodes(): Promise<Map<string, Set<number>> | null> {
  try {
    const { stdout } = await new Deno.Command("tshark", { args: ["-G", "values"], stderr: "null" })
      .output();
    const codes = new Map<string, Set<number>>();
    for (const line of new TextDecoder().decode(stdout).split("\n")) {
      const [row, field, number, name] = line.split("\t");
      if (row !== "V" || field !== "smb2.ioctl.function" || name === undefined) continue;
      const key = name.replace(/^FSCTL_/, "");
      codes.set(key, (codes.get(key) ?? new Set()).add(Number(number) >>> 0));
    }
    return codes;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
