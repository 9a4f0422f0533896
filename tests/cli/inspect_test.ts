/** `smbench inspect`, as people see it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  Conversation,
  createAnswer,
  createBody,
  fileId,
  writeAnswer,
  writeBody,
} from "../captures/conversation.ts";
import { smbench } from "./harness.ts";

async function withCapture(work: (capture: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-inspect-" });
  try {
    const talk = new Conversation().open();
    const long = `${"folder\\".repeat(8)}report.docx`;
    talk.exchange("CREATE", createBody(long), createAnswer(fileId(1)));
    talk.exchange("WRITE", writeBody(fileId(1), 0n, new Uint8Array(5000)), writeAnswer(5000));
    talk.exchange("CREATE", createBody("b"), null, { status: 0xc0000022 });
    const capture = `${folder}/c.pcap`;
    await Deno.writeFile(capture, talk.wire.pcap());
    await work(capture);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the report tells the story in eighty columns", async () => {
  await withCapture(async (capture) => {
    const { code, out } = await smbench(["inspect", capture]);
    assertEquals(code, 0);
    const [head, ...lines] = out.split("\n");
    assertMatch(head!, /c\.pcap: pcap \(nanoseconds\), 19 packets, 7 exchanges in /);
    assertStringIncludes(out, "clients ....: 1 at 10.0.0.1, 1 connection");
    assertStringIncludes(out, "servers ....: 10.0.0.2:445 (SMB 3.0)");
    assertStringIncludes(
      out,
      "writes .....: 1 of 4.88 KiB on average, 100 % sequential; 1 to 16 KiB",
    );
    assertMatch(out, /ACCESS_DENIED +CREATE +1 +#19/);
    assertMatch(out, /\.\.\.[^ ]*report\.docx +2 +1 +0 /);
    for (const line of lines) assert(line.length <= 80, line);
  });
});

Deno.test("the same goes to programs, and lines of a part", async () => {
  await withCapture(async (capture) => {
    const { out } = await smbench(["inspect", capture, "--json"]);
    const found = JSON.parse(out);
    assertEquals([found.version, found.bytes.written, found.clientCount], [2, 5000, 1]);
    const part = await smbench(["inspect", capture, "--operations", "--command", "write"]);
    assertEquals(part.out.trimEnd().split("\n").length, 1);
    const { code, err } = await smbench(["inspect", capture, "--command", "WRITE"]);
    assertEquals(code, 2);
    assertStringIncludes(err, "Cannot inspect a part of a capture but with --operations");
  });
});
