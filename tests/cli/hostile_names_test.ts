/** Names in a capture become names of nothing outside the output's folder. */
import { assert, assertEquals } from "@std/assert";
import {
  Conversation,
  createAnswer,
  createBody,
  fileId,
  Wire,
  writeAnswer,
  writeBody,
} from "../captures/conversation.ts";
import { smbench } from "./harness.ts";

const NAMES = [
  "..\\..\\etc\\x",
  "../../../../tmp/smbench-was-here",
  "/etc/smbench-was-here",
  "C:\\Windows\\x",
  "CON",
  "con",
  "NUL",
  "nul.txt:stream",
  "x".repeat(16_000),
  "lone \ud800 surrogate",
  "zero\u0000byte",
  "line\nfeed",
  "..",
  ".",
  " ",
];

/** Each name as user, share and file of a client of its own. */
function capture(): Uint8Array {
  const wire = new Wire();
  NAMES.forEach((name, index) => {
    const talk = new Conversation({ wire, client: `10.0.1.${index + 1}:1000` });
    talk.negotiate(0x0300, `00000000-0000-0000-0000-0000000000${10 + index}`);
    talk.login(name.slice(0, 200), { sessionId: BigInt(index + 1) });
    talk.tree(`\\\\lab\\${name}`);
    const id = fileId(index + 1);
    talk.exchange("CREATE", createBody(name), createAnswer(id));
    const data = new TextEncoder().encode(`content ${index}`);
    talk.exchange("WRITE", writeBody(id, 0n, data), writeAnswer(data.length));
  });
  return wire.pcap();
}

/** Every file below a folder, by its path in it. */
function* filesIn(folder: string, below = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`, `${below}${name}/`);
    else yield `${below}${name}`;
  }
}

for (
  const [form, options] of [
    ["a script", []],
    ["rows", ["--rows", "1"]],
    ["workload JSON", ["--emit", "json"]],
    ["an anonymous script", ["--anonymize"]],
  ] as const
) {
  Deno.test(`compiling hostile names into ${form} writes into the output's folder alone`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.mkdir(`${folder}/out/deep`, { recursive: true });
      await Deno.writeFile(`${folder}/in.pcap`, capture());
      const output = `${folder}/out/deep/result.${form === "workload JSON" ? "json" : "ts"}`;
      const data = form === "an anonymous script" ? [] : ["--data", "captured"];
      const run = await smbench([
        "compile",
        `${folder}/in.pcap`,
        "-o",
        output,
        ...data,
        ...options,
      ]);
      assertEquals(run.code, 0, run.err);
      const written = [...filesIn(folder)].filter((path) => path !== "in.pcap");
      assert(written.length > 0);
      for (const path of written) {
        assert(/^out\/deep\/(?:[\w-]+(?:\.data)?\/)*[\w-]+\.\w+$/.test(path), JSON.stringify(path));
        assert(path.length < 200, path);
        assert(!/\/(?:con|prn|aux|nul|com\d|lpt\d)\./i.test(path), path);
      }
      assertEquals(new Set(written.map((path) => path.toLowerCase())).size, written.length);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
