import { assertEquals } from "@std/assert";
import { Conversation } from "../tests/captures/conversation.ts";
import { big, CARRIERS, concat, inputOf, pcapFile } from "./capture/_build.ts";
import type { DecodeAs } from "./capture/mod.ts";
import { compile, inspect, inspectOperations } from "./mod.ts";

/** Commands of a capture, and what was lost of it. */
async function read(bytes: Uint8Array<ArrayBuffer>, decodeAs?: DecodeAs) {
  const options = decodeAs === undefined ? {} : { decodeAs };
  let text = "";
  const { notes } = await inspectOperations(
    inputOf(bytes),
    (lines) => text += new TextDecoder().decode(lines),
    options,
  );
  const commands = text.split("\n").slice(0, -1).map((line) => JSON.parse(line).cmd);
  const { plan } = await compile(inputOf(bytes), { version: "0", ...options });
  assertEquals(plan.operations.length > 0, commands.length > 0);
  assertEquals((await inspect(inputOf(bytes), options)).exchanges, commands.length);
  return {
    commands,
    lost: notes.filter(({ loss }) => loss).map(({ reason, count }) => `${reason}: ${count}`),
  };
}

const SESSION = ["NEGOTIATE", "SESSION_SETUP", "SESSION_SETUP", "TREE_CONNECT"];

/** A session whose packets are carried in some way, in frames of a link type. */
function carried(name: string, linkType: number, port?: number): Uint8Array<ArrayBuffer> {
  const { packets } = new Conversation().open().wire;
  const parts = packets.flatMap(({ bytes, time }, index) =>
    CARRIERS[name]!(bytes, index + 1).packets.map((part) => {
      const own = part.slice();
      // The destination port of UDP, behind the IP header.
      if (port !== undefined) own.set(big(2, port), 22);
      return { bytes: own, time };
    })
  );
  return pcapFile(parts, { linkType });
}

Deno.test("frames of a private link type are what the user says", async () => {
  const kinds = [
    ["Ethernet", "ethernet"],
    ["raw IPv4", "ip"],
    ["loopback", "loopback"],
    ["PPP", "ppp"],
    ["Linux cooked", "sll"],
    ["Linux cooked 2", "sll2"],
  ] as const;
  for (const [carrier, frames] of kinds) {
    const file = carried(carrier, 147);
    const unknown = await read(file);
    assertEquals(unknown.commands, [], carrier);
    assertEquals(unknown.lost, ["A packet has the unsupported link type 147: 10"], carrier);
    const known = await read(file, { links: new Map([[147, frames]]) });
    assertEquals(known, { commands: SESSION, lost: [] }, carrier);
  }
});

Deno.test("a tunnel has the port that the user says, besides its own ones", async () => {
  for (const [carrier, tunnel] of [["VXLAN", "vxlan"], ["Geneve", "geneve"]] as const) {
    const file = carried(carrier, 101, 4790);
    assertEquals((await read(file)).commands, [], carrier);
    const decodeAs = { udpPorts: new Map([[4790, tunnel]]) };
    assertEquals(await read(file, decodeAs), { commands: SESSION, lost: [] }, carrier);
    assertEquals((await read(carried(carrier, 101), decodeAs)).commands, SESSION, carrier);
  }
});

Deno.test("SMB is found behind the greeting of a proxy where the user says so", async () => {
  const talk = new Conversation({ server: "10.0.0.2:1080" });
  // SOCKS 5 (RFC 1928): no authentication, CONNECT 10.0.0.9:445, and the answers to both.
  talk.bytes("request", new Uint8Array([5, 1, 0]));
  talk.bytes("response", new Uint8Array([5, 0]));
  const address = [10, 0, 0, 9, 1, 0xbd];
  talk.bytes("request", new Uint8Array([5, 1, 0, 1, ...address]));
  talk.bytes("response", new Uint8Array([5, 0, 0, 1, ...address]));
  const file = concat(talk.open().wire.pcap());
  assertEquals((await read(file)).commands, []);
  assertEquals((await read(file, { tcpPorts: new Set([445]) })).commands, []);
  const { commands, lost } = await read(file, { tcpPorts: new Set([1080]) });
  assertEquals(commands, SESSION);
  // What was passed over is told.
  assertEquals(lost, ["Bytes belong to a message whose start is not in the capture: 2"]);
});
