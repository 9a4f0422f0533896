import { assert, assertEquals, assertGreater } from "@std/assert";
import { interopTest } from "./interop.ts";
import { framed, pcapFrames, writePcap } from "./pcap.ts";
import { startSmbd } from "./smbd.ts";
import { requireTool, run } from "./tools.ts";
import { dissect, expertInfo, malformedFrames, startCapture } from "./tshark.ts";

/** An SMB2 ECHO request: the 64-byte header of MS-SMB2 2.2.1.2 and the 4-byte body of 2.2.28. */
function echoRequest(messageId: number, structureSize = 4): Uint8Array {
  const message = new Uint8Array(68);
  const view = new DataView(message.buffer);
  message.set([0xfe, 0x53, 0x4d, 0x42], 0);
  view.setUint16(4, 64, true);
  view.setUint16(12, 0x000d, true);
  view.setUint16(14, 1, true);
  view.setUint32(24, messageId, true);
  view.setUint16(64, structureSize, true);
  return message;
}

function echoResponse(messageId: number): Uint8Array {
  const message = echoRequest(messageId);
  new DataView(message.buffer).setUint32(16, 1, true);
  return message;
}

const CONVERSATION = [
  { time: 0.5, from: "client", bytes: echoRequest(7) },
  { time: 0.502, from: "server", bytes: echoResponse(7) },
] as const;

Deno.test("a written capture is reproducible and has a handshake and the messages", () => {
  const pcap = writePcap(CONVERSATION);
  assertEquals(pcap, writePcap(CONVERSATION));
  assertEquals([...pcapFrames(pcap)].length, 3 + 2);
});

Deno.test("a framed message begins with its length in four bytes", () => {
  assertEquals(framed(new Uint8Array(0x10203)).subarray(0, 5), new Uint8Array([0, 1, 2, 3, 0]));
});

interopTest(
  "tshark reads a written capture without a remark, on port 445 and on another",
  { needs: ["tshark"] },
  async () => {
    for (const port of [445, 4450]) {
      const pcap = writePcap(CONVERSATION, { port });
      const frames = await dissect(pcap, {
        port,
        filter: "smb2",
        fields: ["smb2.cmd", "smb2.msg_id", "frame.time_relative"],
        preferences: { "tcp.check_checksum": "TRUE", "ip.check_checksum": "TRUE" },
      });
      assertEquals(frames.map((frame) => frame.values("smb2.cmd")), [["13"], ["13"]]);
      assertEquals(frames[0]?.values("smb2.msg_id"), ["7"]);
      assertEquals(Number(frames[1]?.values("frame.time_relative")[0]).toFixed(3), "0.002");
      assertEquals(frames[0]?.values("smb2.filename"), []);
      const checked = { "tcp.check_checksum": "TRUE", "ip.check_checksum": "TRUE" };
      assertEquals(await expertInfo(pcap, { port, preferences: checked }), []);
      assertEquals(await malformedFrames(pcap, { port }), []);
    }
  },
);

interopTest(
  "a message of more than 128 KiB is one message on port 445, whatever the segments",
  { needs: ["tshark"] },
  async () => {
    const large = new Uint8Array(300_000);
    large.set(echoRequest(9));
    for (const maxSegment of [60_000, 1_460]) {
      const messages = [{ time: 0, from: "client", bytes: large }] as const;
      const frames = await dissect(writePcap(messages, { maxSegment }), {
        filter: "smb2",
        fields: ["nbss.length", "smb2.msg_id"],
      });
      assertEquals(frames.map((it) => [it.values("nbss.length"), it.values("smb2.msg_id")]), [
        [["300000"], ["9"]],
      ]);
    }
  },
);

interopTest("tshark's complaints are reported", { needs: ["tshark"] }, async () => {
  const cut = echoRequest(3).subarray(0, 40);
  const pcap = writePcap([{ time: 0, from: "client", bytes: cut }]);
  assertEquals(await malformedFrames(pcap), [4]);
  const [first] = await expertInfo(pcap, { atLeast: "warn" });
  assertEquals(first?.frame, 4);
  assertEquals(first?.severity, "error");
});

interopTest(
  "a capture of loopback holds everything sent before it was stopped",
  { needs: ["smbd", "smbclient", "tcpdump", "tshark"] },
  async () => {
    await using smbd = await startSmbd();
    await using capture = await startCapture({ port: smbd.port });
    const client = await run(requireTool("smbclient"), {
      args: [
        "//127.0.0.1/share",
        `--port=${smbd.port}`,
        `--user=${smbd.user}%${smbd.password}`,
        "--command=put /etc/hostname captured.txt",
      ],
    });
    assertEquals(client.code, 0, client.stdout);
    const pcap = await capture.stop();
    const frames = await dissect(pcap, { port: smbd.port, filter: "smb2", fields: ["smb2.cmd"] });
    const commands = new Set(frames.flatMap((frame) => frame.values("smb2.cmd")));
    for (const command of ["0", "1", "3", "5", "9", "6", "4"]) {
      assert(commands.has(command), `command ${command} is not in ${[...commands]}`);
    }
    assertGreater(frames.length, 12);
    assertEquals((await dissect(pcap, { filter: "udp", fields: [] })).length, 0);
  },
);
