/** Captures on the command line: one file, several, patterns, and standard input. */
import { assertEquals } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { sampleTalk } from "../captures/sample.ts";
import { Wire } from "../captures/conversation.ts";
import { smbench } from "./harness.ts";

const { packets } = sampleTalk().wire;
const whole = new Wire().pcap(packets);

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const third = Math.ceil(packets.length / 3);
    const part = (index: number) =>
      new Wire().pcap(packets.slice(index * third, (index + 1) * third));
    await Deno.writeFile(`${folder}/whole.pcap`, whole);
    await Deno.writeFile(`${folder}/ring_a.pcap`, part(2));
    await Deno.writeFile(`${folder}/ring_b.pcap.gz`, new Uint8Array(gzipSync(part(0))));
    await Deno.writeFile(`${folder}/ring_c.pcap.zst`, new Uint8Array(zstdCompressSync(part(1))));
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("several files and patterns give the operations of the whole", async () => {
  await inFolder(async (folder) => {
    const expected = await smbench(["inspect", `${folder}/whole.pcap`, "--operations"]);
    assertEquals(expected.code, 0);
    for (
      const operands of [
        [`${folder}/ring_*`],
        [`${folder}/ring_{a,b}*`, `${folder}/ring_c.pcap.zst`],
        ["ring_a.pcap", "ring_b.pcap.gz", "ring_c.pcap.zst"].map((name) => `${folder}/${name}`),
      ]
    ) {
      const run = await smbench(["inspect", ...operands, "--operations"]);
      assertEquals(run, expected);
    }
  });
});

Deno.test("a scenario of several files names the first and how many there are", async () => {
  await inFolder(async (folder) => {
    const run = await smbench(["compile", `${folder}/ring_*`, "-o", "-"]);
    assertEquals(run.code, 0, run.err);
    assertEquals(
      /from "ring_a\.pcap and 2 more"/.test(run.out.replaceAll(/\s+\/\/ |\n\/\/ /g, " ")),
      true,
    );
  });
});

Deno.test("a pattern that nothing matches is wrong", async () => {
  const run = await smbench(["inspect", "/nonexistent/ring_*"]);
  assertEquals([run.code, run.out], [2, ""]);
  assertEquals(run.err, "smbench: Cannot read /nonexistent/ring_*: no file has such a name\n");
});

Deno.test("a compressed capture is read from standard input", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--allow-all",
      new URL("../../runtime/cli/main.ts", import.meta.url).pathname,
      "inspect",
      "-",
      "--operations",
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new Uint8Array(zstdCompressSync(whole)));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  await inFolder(async (folder) => {
    const expected = await smbench(["inspect", `${folder}/whole.pcap`, "--operations"]);
    assertEquals(new TextDecoder().decode(stdout), expected.out);
  });
});
