/** Captures with a short snap length, or with one side alone: what the whole capture has of requests is there. */
import { assert, assertEquals } from "@std/assert";
import { compile, type Compiled, type PlanOperation } from "../../compiler/mod.ts";
import { interopTest, sharedPath, sharedTest } from "../harness/interop.ts";
import { dissect } from "../harness/tshark.ts";

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** Destination port in Ethernet, IPv4 and TCP. */
const PORT_AT = 14 + 20 + 2;
const SERVER_PORT = 4470;

/** The packets of a classic pcap, each with its header. */
function* recordsOf(pcap: Uint8Array): Generator<{ bytes: Uint8Array; number: number }> {
  const view = new DataView(pcap.buffer, pcap.byteOffset, pcap.byteLength);
  let number = 1;
  for (let at = FILE_HEADER; at < pcap.byteLength; number++) {
    const end = at + RECORD_HEADER + view.getUint32(at + 8, true);
    yield { bytes: pcap.slice(at, end), number };
    at = end;
  }
}

/** With so many bytes of each packet. */
function cut(pcap: Uint8Array, snapLength: number): Uint8Array {
  const records = [...recordsOf(pcap)].map(({ bytes }) => {
    const known = Math.min(bytes.byteLength - RECORD_HEADER, snapLength);
    new DataView(bytes.buffer).setUint32(8, known, true);
    return bytes.subarray(0, RECORD_HEADER + known);
  });
  return joined([pcap.subarray(0, FILE_HEADER), ...records]);
}

/** Without what servers sent; and the number that each packet had. */
function clientsSide(pcap: Uint8Array): { pcap: Uint8Array; numbers: readonly number[] } {
  const sent = [...recordsOf(pcap)].filter(({ bytes }) => {
    const at = RECORD_HEADER + PORT_AT;
    return ((bytes[at]! << 8) | bytes[at + 1]!) === SERVER_PORT;
  });
  return {
    pcap: joined([pcap.subarray(0, FILE_HEADER), ...sent.map(({ bytes }) => bytes)]),
    numbers: [0, ...sent.map(({ number }) => number)],
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function compiled(bytes: Uint8Array): Promise<Compiled> {
  let at = 0;
  const input = {
    read(into: Uint8Array) {
      const count = Math.min(into.length, bytes.length - at);
      into.set(bytes.subarray(at, at + count));
      at += count;
      return Promise.resolve(count === 0 ? null : count);
    },
    close() {},
  };
  return compile(input, { version: "0.0.0", name: "capture" });
}

/** What of requests on files does not depend on answers, as text; of the open the frame of its CREATE. */
function requestsOf(operations: readonly PlanOperation[], numbers?: readonly number[]): string[] {
  const numberOf = (frame: number) => numbers?.[frame] ?? frame;
  const opened = new Map<string, number>();
  return operations.filter((operation) => "file" in operation && operation.kind !== "break")
    .map((operation) => {
      const fields: Record<string, unknown> = {};
      for (const name of COMPARED) {
        if (name in operation) fields[name] = operation[name as keyof PlanOperation];
      }
      if ("file" in operation && operation.file !== null) {
        const key = `${operation.client} ${operation.file}`;
        if (operation.kind === "create") opened.set(key, numberOf(operation.frames.request));
        fields.opened = opened.get(key);
      }
      return JSON.stringify({ request: numberOf(operation.frames.request), ...fields });
    });
}

/** Fails with the lines that are not in both. */
function assertSameRequests(found: readonly string[], expected: readonly string[]): void {
  const [left, right] = [new Set(found), new Set(expected)];
  assertEquals([...left.difference(right)], [...right.difference(left)]);
  assertEquals(found.length, expected.length);
}

const COMPARED = [
  "kind",
  "access",
  "disposition",
  "options",
  "share",
  "offset",
  "length",
  "class",
  "infoType",
  "code",
  "maxOutput",
  "outputLength",
  "lockSequence",
];

const CUT = [
  ["smbclient-tree", 200],
  ["smbclient-tree", 256],
  ["smbclient-recurse", 200],
  ["multi-4clients-small", 220],
  ["torture-lock", 220],
] as const;

for (const [name, snapLength] of CUT) {
  interopTest(
    `of ${name} with ${snapLength} bytes of each packet every request is there that tshark counts`,
    { needs: ["tshark"], shared: [`captures/own/${name}.pcap`] },
    async () => {
      const bytes = Deno.readFileSync(sharedPath(`captures/own/${name}.pcap`)!);
      const shortened = cut(bytes, snapLength);
      const { plan, coverage, notes } = await compiled(shortened);
      assertEquals(
        requestsOf(plan.operations),
        requestsOf((await compiled(bytes)).plan.operations),
      );
      const frames = await dissect(shortened, {
        port: SERVER_PORT,
        filter: "smb2",
        fields: ["smb2.cmd", "smb2.flags.response"],
      });
      const counts: Record<number, number> = {};
      for (const frame of frames) {
        for (const [index, command] of frame.values("smb2.cmd").entries()) {
          if (!/^(0|false)$/i.test(frame.values("smb2.flags.response")[index] ?? "")) continue;
          counts[Number(command)] = (counts[Number(command)] ?? 0) + 1;
        }
      }
      const seen = Object.values(counts).reduce((sum, count) => sum + count, 0);
      assertEquals({ seen: coverage.seen, emitted: coverage.emitted }, { seen, emitted: seen });
      // What is not known is named with its frames.
      const named = new Set(notes.filter(({ loss }) => loss).flatMap(({ frames }) => frames));
      for (const { incomplete, frames, kind } of plan.operations) {
        if (incomplete !== undefined && named.size < 64) {
          assert(named.has(frames.request), `${kind} ${frames.request}: ${incomplete}`);
        }
      }
    },
  );
}

const ONE_SIDED = ["smbclient-tree", "smbclient-recurse", "multi-4clients-small", "rclone"];

sharedTest(
  "of the clients' side alone every request is there, on the open that it worked on",
  ONE_SIDED.map((name) => `captures/own/${name}.pcap`),
  async (t) => {
    for (const name of ONE_SIDED) {
      await t.step(name, async () => {
        const bytes = Deno.readFileSync(sharedPath(`captures/own/${name}.pcap`)!);
        const { pcap, numbers } = clientsSide(bytes);
        const { plan } = await compiled(pcap);
        const whole = await compiled(bytes);
        assertSameRequests(
          requestsOf(plan.operations, numbers),
          requestsOf(whole.plan.operations),
        );
      });
    }
  },
);
