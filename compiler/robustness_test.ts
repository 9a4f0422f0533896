/** Damaged and hostile captures: no crash, no hang, bounded memory, and nothing of a capture gets out of its place. */
import { assert, assertEquals } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { decodeKeytab } from "../runtime/security/mod.ts";
import {
  Conversation,
  createAnswer,
  createBody,
  fileId,
  writeBody,
} from "../tests/captures/conversation.ts";
import { ANSWER_TOKEN, KEYTAB, LOGIN_TOKEN } from "../tests/golden/kerberos.ts";
import { sampleTalk } from "../tests/captures/sample.ts";
import {
  big,
  CARRIERS,
  concat,
  enhancedPacket,
  inputOf,
  interfaceBlock,
  pcapFile,
  section,
  seeded,
} from "./capture/_build.ts";
import { CaptureError } from "./capture/mod.ts";
import { compile, inspect, inspectOperations } from "./mod.ts";

function sample(): Uint8Array<ArrayBuffer> {
  return sampleTalk().wire.pcap();
}

async function unlessRefused(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CaptureError)) {
      throw new Error(`${name} broke the compiler`, { cause: error });
    }
  }
}

function survivesCompile(bytes: Uint8Array, name: string): Promise<void> {
  return unlessRefused(name, async () => {
    const { script } = await compile(inputOf(bytes), { version: "0.0.0", name: "x", keys: KEYS });
    assert(script.length < 200_000, `${name}: ${script.length} characters`);
  });
}

function survivesInspect(bytes: Uint8Array, name: string): Promise<void> {
  return unlessRefused(name, async () => {
    let text = "";
    const options = { hashes: true, keys: KEYS };
    await inspectOperations(
      inputOf(bytes),
      (lines) => text += new TextDecoder().decode(lines),
      options,
    );
    const rows = text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
    assert(rows.length < 100, `${name}: ${rows.length} lines`);
  });
}

const KEYS = { passwords: ["pw"], keytab: decodeKeytab(KEYTAB) ?? [] };

/** The sample in every form that captures have. */
function forms(): [string, Uint8Array<ArrayBuffer>][] {
  const { packets } = sampleTalk().wire;
  const login = new Conversation();
  login.negotiate();
  login.ask("SESSION_SETUP", {
    flags: 0,
    securityMode: 1,
    capabilities: 1,
    channel: 0,
    previousSessionId: 0n,
    securityBuffer: LOGIN_TOKEN,
  });
  login.sessionId = 1n;
  login.answer("SESSION_SETUP", { sessionFlags: 0, securityBuffer: ANSWER_TOKEN });
  const carried = Object.entries(CARRIERS).map(
    ([name, carry]): [string, Uint8Array<ArrayBuffer>] => {
      let linkType = 1;
      const parts = packets.flatMap(({ bytes, time }, index) => {
        const own = carry(bytes, index + 1);
        linkType = own.linkType;
        return own.packets.map((part) => ({ bytes: part, time }));
      });
      return [name, pcapFile(parts, { linkType, bigEndian: linkType === 101 })];
    },
  );
  const blocks = packets.map(({ bytes, time }) => enhancedPacket(bytes, { units: time }));
  const nanoseconds: [number, Uint8Array][] = [[9, big(1, 9)]];
  const pcapng = concat(section(), interfaceBlock({ options: nanoseconds }), ...blocks);
  return [
    ...carried,
    ["pcapng", pcapng],
    ["Kerberos", login.wire.pcap()],
    ["gzip", new Uint8Array(gzipSync(sample()))],
    ["zstd", new Uint8Array(zstdCompressSync(sample()))],
  ];
}

/** Bytes kept by the engine and outside of it. */
function memory(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

Deno.test("the sample compiles without a loss", async () => {
  const { notes, plan } = await compile(inputOf(sample()), { version: "0.0.0" });
  assertEquals(notes.filter(({ loss }) => loss), []);
  assertEquals(plan.operations.map(({ kind }) => kind), [
    "connect",
    "login",
    "tree",
    "create",
    "write",
    "read",
    "create",
    "queryInfo",
    "close",
    "changeNotify",
    "cancel",
    "close",
    "disconnect",
  ]);
});

/** With a few bytes changed, and often cut. */
function damaged(
  whole: Uint8Array<ArrayBuffer>,
  random: (below: number) => number,
): Uint8Array<ArrayBuffer> {
  const bytes = whole.slice(0, random(8) === 0 ? random(whole.length) : whole.length);
  for (let hit = random(8); hit >= 0 && bytes.length > 24; hit--) {
    // Behind the file header: damage there is only a refusal.
    const at = random(20) === 0 ? random(bytes.length) : 24 + random(bytes.length - 24);
    bytes[at] = random(3) === 0 ? 0xff : random(256);
  }
  return bytes;
}

Deno.test("damaged files among several break nothing, whatever their forms", async () => {
  const originals = [["pcap", sample()] as const, ...forms()];
  const random = seeded(20_261_121);
  const folder = await Deno.makeTempDir({ prefix: "smbench_damaged_" });
  try {
    for (let run = 0; run < 300; run++) {
      const paths: string[] = [];
      for (let file = 0; file < 3; file++) {
        const [form, whole] = originals[random(originals.length)]!;
        paths.push(`${folder}/${form}`);
        await Deno.writeFile(`${folder}/${form}`, random(3) === 0 ? whole : damaged(whole, random));
      }
      const name = `run ${run}, ${paths.join(", ")}`;
      await unlessRefused(name, async () => {
        const { script } = await compile(paths, { version: "0.0.0", keys: KEYS });
        assert(script.length < 600_000, `${name}: ${script.length} characters`);
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("ten thousand damaged captures of every form break nothing, and keep nothing", async () => {
  const originals = [["pcap", sample()] as const, ...forms()];
  const random = seeded(20_261_120);
  const before = memory();
  for (let run = 0; run < 10_000; run++) {
    // Every other one in the plain form, where most of the damage reaches SMB.
    const [form, whole] = originals[run % 4 < 2 ? 0 : random(originals.length)]!;
    const bytes = damaged(whole, random);
    const survives = run % 2 === 0 ? survivesCompile : survivesInspect;
    await survives(bytes, `run ${run}, ${form}`);
    if (run % 500 === 0) assert(memory() - before < 0x20000000, `run ${run} took memory`);
  }
});

Deno.test("a capture cut at any packet's edge breaks nothing", async () => {
  const whole = sample();
  const view = new DataView(whole.buffer);
  for (let at = 24; at < whole.length; at += 16 + view.getUint32(at + 8, true)) {
    await survivesCompile(whole.subarray(0, at), `cut at ${at}`);
    await survivesInspect(whole.subarray(0, at), `cut at ${at}`);
  }
});

/** Names that try to leave a string, a comment or a path. */
const HOSTILE = [
  "..\\..\\etc\\x",
  "CON",
  "aux.txt\\NUL:",
  '"); Deno.exit(1); ("',
  "`${Deno.exit(1)}`",
  "*/ Deno.exit(1); /*",
  "line\nDeno.exit(1);\n//",
  "carriage\r\nDeno.exit(1)",
  "separator\u2028Deno.exit(1)\u2029",
  "lone \ud800 surrogate \udfff",
  "\u0000\u001b[31mred\u0007\u009b",
  "\\u0022); Deno.exit(1);",
  "</script><!--",
  "right-to-left \u202e gnp.exe",
  "x".repeat(16_000),
];

Deno.test("names of a capture stay within their strings and comments", async () => {
  const talk = new Conversation();
  talk.negotiate();
  talk.login('bob"); attack(); //\n');
  talk.tree('\\\\lab\\"+Deno.exit(1)+"\n');
  HOSTILE.forEach((name, index) => {
    talk.exchange("CREATE", createBody(name), createAnswer(fileId(index + 1)));
    const rename = new Uint8Array(20 + name.length * 2);
    const view = new DataView(rename.buffer);
    view.setUint32(16, name.length * 2, true);
    for (let at = 0; at < name.length; at++) {
      view.setUint16(20 + at * 2, name.charCodeAt(at), true);
    }
    talk.exchange(
      "SET_INFO",
      {
        infoType: 1,
        fileInfoClass: 10,
        reserved: 0,
        additionalInformation: 0,
        fileId: fileId(index + 1),
        input: rename,
      },
      null,
      { status: 0xc0000022 },
    );
    talk.exchange(
      "QUERY_DIRECTORY",
      {
        fileInformationClass: 37,
        flags: 0,
        fileIndex: 0,
        fileId: fileId(index + 1),
        outputBufferLength: 65_536,
        pattern: name,
      },
      null,
      { status: 0x80000006 },
    );
  });
  const name = 'evil"\n*/ Deno.exit(1)\u2028.pcap';
  const { script, plan } = await compile(inputOf(talk.wire.pcap()), { version: "0.0.0", name });
  assertEquals(
    plan.operations.flatMap((operation) => operation.kind === "create" ? [operation.path] : []),
    HOSTILE,
  );
  const left = withoutStrings(script);
  assert(!/attack\(/.test(left));
  // A variable may be called after the name, as lineDenoExit1.
  const at = left.search(/\bDeno\b/);
  assertEquals(at, -1, left.slice(at - 80, at + 80));
  // deno-lint-ignore no-control-regex
  const unseen = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff\u202a-\u202e]/u;
  assert(!unseen.test(left));
  const json = JSON.stringify(plan);
  assertEquals(JSON.stringify(JSON.parse(json)), json);
});

/** The script without comments and string literals, as a scanner of TypeScript sees it. */
function withoutStrings(script: string): string {
  let code = "";
  for (let at = 0; at < script.length;) {
    if (script.startsWith("//", at)) {
      at = script.indexOf("\n", at);
    } else if (script.startsWith("/*", at)) {
      at = script.indexOf("*/", at) + 2;
    } else if (script[at] === '"') {
      for (at++; script[at] !== '"'; at++) {
        assert(at < script.length && script[at] !== "\n", "a string ends on its line");
        if (script[at] === "\\") at++;
      }
      at++;
    } else {
      assert(script[at] !== "`" && script[at] !== "'");
      code += script[at++];
    }
  }
  return code;
}

Deno.test("a length that a cut WRITE states beyond its unit is not believed", async () => {
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  const message = talk.request("WRITE", writeBody(fileId(1), 0n, new Uint8Array(2000)));
  talk.messages("request", [message]);
  const packets = talk.wire.packets;
  // The first segment of the WRITE: Length is 68 bytes behind the unit's prefix.
  const first = packets.at(-2)!;
  const at = first.bytes.length - 1460 + 4 + 68;
  first.bytes.set([0xff, 0xff, 0xff, 0xff], at);
  const { plan, notes } = await compile(inputOf(talk.wire.pcap(packets.slice(0, -1))), {
    version: "0.0.0",
  });
  assertEquals(plan.operations.some(({ kind }) => kind === "write"), false);
  assert(notes.some(({ reason }) => reason === "A WRITE request cannot be read"));
});

Deno.test("inspecting counts the same exchanges as the lines", async () => {
  const bytes = sample();
  let text = "";
  await inspectOperations(inputOf(bytes), (lines) => text += new TextDecoder().decode(lines));
  assertEquals((await inspect(inputOf(bytes))).exchanges, text.split("\n").length - 1);
});
