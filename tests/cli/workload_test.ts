/** Workload JSON and rows, as a user has them: compiled, checked, edited, played, and hostile. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  closeAnswer,
  closeBody,
  Conversation,
  createAnswer,
  createBody,
  fileId,
  writeAnswer,
  writeBody,
} from "../captures/conversation.ts";
import { smbench } from "./harness.ts";

const CAPTURE = "examples/office.pcap";

/** A folder that goes away. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "smbench_workload_" });

  write(name: string, text: string): string {
    Deno.mkdirSync(`${this.path}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeTextFileSync(`${this.path}/${name}`, text);
    return `${this.path}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** A workload of one client whose operations follow each other. */
function workload(operations: readonly Record<string, unknown>[]): string {
  return JSON.stringify({
    version: 1,
    clients: [{ client_id: "a" }],
    operations: operations.map((fields, i) => ({
      op_id: `op_${i}`,
      client_id: "a",
      timestamp_us: i * 100,
      ...fields,
    })),
  });
}

/** Operations of version 1 with everything that they can say. */
const EVERYTHING = [
  { operation: "Mkdir", path: "/share/dir" },
  {
    operation: "Open",
    path: "/share/dir/a",
    mode: "ReadWrite",
    handle_ref: "h",
    extensions: {
      oplock_level: null,
      lease_state: { read_caching: true, handle_caching: true },
      create_disposition: "OpenIf",
      file_attributes: { hidden: true, archive: true, system: false },
      share_access: { read: true, write: true, delete: true },
      create_options: { write_through: true, NonDirectory: true, delete_on_close: false },
      durable_handle: true,
    },
  },
  { operation: "Write", handle_ref: "h", offset: 0, length: 100 },
  { operation: "Lock", handle_ref: "h", offset: 0, length: 10, exclusive: true },
  { operation: "Unlock", handle_ref: "h", offset: 0, length: 10 },
  { operation: "Fsctl", handle_ref: "h", control_code: "SrvRequestResumeKey" },
  { operation: "Ioctl", handle_ref: "h", control_code: 0x00140078, max_output_response: 32 },
  { operation: "Fsctl", handle_ref: "h", control_code: "0x140078" },
  { operation: "flush", handle_ref: "h" },
  { operation: "QueryInfo", handle_ref: "h", info_class: "FileStandardInformation" },
  { type: "QueryInfo", handle_ref: "h", info_type: "security" },
  { operation: "Close", handle_ref: "h" },
  {
    operation: "Open",
    path: "dir",
    mode: "Read",
    handle_ref: "d",
    extensions: { create_disposition: 1, create_options: { directory: true } },
  },
  { operation: "QueryDirectory", handle_ref: "d", pattern: "*", info_class: 37 },
  { operation: "ChangeNotify", handle_ref: "d", completion_filter: 1, recursive: true },
  { operation: "Rename", path: "dir/a", new_path: "/share/dir/b" },
  { operation: "Delete", path: "dir/b" },
  { operation: "Close", handle_ref: "d" },
  { operation: "Rmdir", path: "dir" },
  {
    operation: "Open",
    path: "gone",
    handle_ref: "g",
    extensions: { oplock_level: "Batch" },
    expected_status: "OBJECT_NAME_NOT_FOUND",
  },
];

Deno.test("everything that version 1 can say is carried out", async () => {
  using folder = new Folder();
  const path = folder.write("workload.json", workload(EVERYTHING));
  const { code, out, err } = await smbench(["run", path]);
  assertStringIncludes(out, "\nPassed\n", `${out}${err}`);
  assertEquals(code, 0);
});

/** Workloads that cannot be run, and what is said of each. */
const REFUSED: Readonly<Record<string, readonly [text: string, says: string]>> = {
  "that nests too deep": ["[".repeat(200_000), "it is no JSON"],
  "of nested operations": [
    workload([{ operation: "Open", path: "a", handle_ref: "h", extensions: nested(5000) }]),
    "operation op_0: extensions: Invalid input",
  ],
  "with a number beyond all measure": [
    workload([{ operation: "Open", path: "a", handle_ref: "h", timestamp_us: 1e300 }]),
    "operation op_0: timestamp_us: Too big",
  ],
  "that would never end": [
    workload([{ operation: "Mkdir", path: "a" }]).replace(
      '"timestamp_us":0',
      '"timestamp_us":1e999',
    ),
    "operation op_0: timestamp_us: Invalid input",
  ],
  "with a write of more than can be made up": [
    workload([
      { operation: "Open", path: "a", mode: "Write", handle_ref: "h" },
      { operation: "Write", handle_ref: "h", offset: 0, length: 2 ** 31 },
    ]),
    "operation op_1: its length is beyond 67108864",
  ],
  "with one op_id for two operations": [
    workload([{ op_id: "x", operation: "Mkdir", path: "a" }, {
      op_id: "x",
      operation: "Rmdir",
      path: "a",
    }]),
    "operation x: another operation has the same op_id",
  ],
  "with a disposition of another language": [
    workload([{
      operation: "Open",
      path: "a",
      handle_ref: "h",
      extensions: { create_disposition: "Oeffnen" },
    }]),
    'operation op_0: Cannot use "oeffnen" as disposition',
  ],
  "with an option that there is not": [
    workload([{
      operation: "Open",
      path: "a",
      handle_ref: "h",
      extensions: { create_options: { fast: true } },
    }]),
    'operation op_0: Cannot use "fast" as create option',
  ],
  "with a control code that there is not": [
    workload([
      { operation: "Open", path: "a", handle_ref: "h" },
      { operation: "Fsctl", handle_ref: "h", control_code: "MakeCoffee" },
    ]),
    'operation op_1: Cannot use "MAKE_COFFEE" as a control code',
  ],
  "with a status that there is not": [
    workload([{ operation: "Mkdir", path: "a", expected_status: "FINE" }]),
    'operation op_0: Cannot expect status "FINE"',
  ],
  "with a captured request that is none": [
    workload([{ operation: "Read", handle_ref: "h", smb2: { kind: "read", id: 1, at: 0 } }]),
    "operation op_0: smb2.tree: Invalid input",
  ],
  "with half a byte": [
    workload([{
      smb2: {
        kind: "setInfo",
        id: 1,
        at: 0,
        tree: "t",
        file: "f",
        infoType: 1,
        class: 4,
        input: "0",
      },
    }]),
    "operation op_0: smb2.input: has no pairs of hexadecimal digits",
  ],
  "with a provision that leads out": [
    workload([]).replace('"version"', '"provision":{"share":{"../x":{}}},"version"'),
    'Cannot use provision of share "share", "../x"',
  ],
};

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

for (const [name, [text, says]] of Object.entries(REFUSED)) {
  Deno.test(`a workload ${name} is refused with a sentence`, async () => {
    using folder = new Folder();
    const path = folder.write("workload.json", text);
    for (const command of ["check", "run"]) {
      const { code, out, err } = await smbench([command, path]);
      assertStringIncludes(err, says);
      assert(!err.includes("    at ") && err.length < 4000, err.slice(0, 4000));
      assertEquals([code, out], [7, ""]);
    }
  });
}

Deno.test("names that mean something to JavaScript are names", async () => {
  using folder = new Folder();
  const open = '{"op_id":"1","client_id":"__proto__","timestamp_us":0,"operation":"Open",' +
    '"path":"constructor","mode":"Write","handle_ref":"__proto__","__proto__":{"smb2":1}}';
  const close = '{"op_id":"2","client_id":"__proto__","timestamp_us":1,"operation":"Close",' +
    '"handle_ref":"__proto__"}';
  const path = folder.write(
    "workload.json",
    `{"version":1,"clients":[{"client_id":"__proto__"}],"operations":[${open},${close}]}`,
  );
  const { code, out, err } = await smbench(["run", path, "--json"]);
  const { summary } = JSON.parse(out);
  assertEquals([code, summary.mismatched, err], [0, 0, ""]);
  assertEquals(({} as { smb2?: unknown }).smb2, undefined);
});

Deno.test("a capture becomes workload JSON, which passes its checks and runs", async () => {
  using folder = new Folder();
  const path = `${folder.path}/office.json`;
  const compiled = await smbench(["compile", CAPTURE, "--emit", "json", "-o", path]);
  assertEquals([compiled.code, compiled.out], [0, ""], compiled.err);
  assertStringIncludes(compiled.err, `${path}: `);
  const checked = await smbench(["check", path]);
  assertEquals([checked.code, checked.err], [0, ""]);
  const ran = await smbench(["run", path, "--asap"]);
  assertStringIncludes(ran.out, "\nPassed\n", ran.err);
  const again = await smbench(["compile", CAPTURE, "--emit", "json", "-o", path]);
  assertStringIncludes(again.err, "it exists, and may have been edited");
  const streamed = await smbench(["compile", CAPTURE, "--emit", "json"]);
  assertEquals(streamed.out, await Deno.readTextFile(path), "without -o it goes to the output");
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["office.json"]);
});

/** Compiles the example with rows; gives the scenario's path. */
async function compiledRows(folder: Folder): Promise<string> {
  const path = `${folder.path}/office.ts`;
  const { code, err } = await smbench(["compile", CAPTURE, "-o", path, "--rows", "10"]);
  assertEquals(code, 0, err);
  return path;
}

function rowFiles(folder: Folder): string[] {
  const names = [...Deno.readDirSync(`${folder.path}/office.data`)].map(({ name }) => name);
  return names.filter((name) => name.endsWith(".jsonl")).sort()
    .map((name) => `${folder.path}/office.data/${name}`);
}

Deno.test("a large capture becomes a short scenario that plays rows", async () => {
  using folder = new Folder();
  const path = await compiledRows(folder);
  const text = await Deno.readTextFile(path);
  const [first = ""] = rowFiles(folder);
  assertStringIncludes(text, `await c.play(rows("office.data/${first.replace(/.*\//, "")}"), p);`);
  assertEquals((await smbench(["check", path])).code, 0);
  for (const file of rowFiles(folder)) assertEquals((await smbench(["check", file])).code, 0);
  const ran = await smbench(["run", path, "--asap"]);
  assertStringIncludes(ran.out, "\nPassed\n", ran.err);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--no-config", "--check", path],
    stdout: "null",
    stderr: "null",
  }).output();
  assert(success, "the scenario is formatted");
});

Deno.test("rows may be taken out: nobody waits for an answer that will not come", async () => {
  using folder = new Folder();
  const path = await compiledRows(folder);
  const files = rowFiles(folder);
  assert(files.length > 1, "several clients");
  for (const file of files) {
    const lines = (await Deno.readTextFile(file)).split("\n");
    // Only what version 1 says of it: connections and logins are the run's own.
    const kept = lines.filter((line) => /"operation":"(Open|Read|Close)"/.test(line));
    await Deno.writeTextFile(file, `\n${kept.join("\n\n")}\n`);
  }
  const began = performance.now();
  const ran = await smbench(["run", path, "--asap", "--json", "--timeout", "10m"]);
  const { summary } = JSON.parse(ran.out);
  assert(summary.operations.length > 0 || summary.sent > 0, ran.out.slice(0, 2000));
  assertStringIncludes(ran.err, "which no row makes: the target's share stands in for it");
  assert(performance.now() - began < 300_000, "no wait ran into its limit");
});

/** What is wrong with rows, and what is said when they are played. */
const BAD_ROWS: Readonly<Record<string, readonly [text: string, says: string]>> = {
  "that are no JSON": ["{", "line 1 behind byte 0 is no JSON"],
  "with a row that is none": ["[]\n", "line 1 behind byte 0 is no object"],
  "with a request that is none": [
    '{"op_id":"7","client_id":"a","timestamp_us":0,"smb2":{"kind":"close","id":1,"at":0,"tree":"t"}}',
    "operation 7: smb2.file: Invalid input",
  ],
  "with a blob that leads out": [
    '{"op_id":"7","client_id":"a","timestamp_us":0,"operation":"Write","handle_ref":"h",' +
    '"blob_path":"../3f2a.bin"}',
    'operation 7: "../3f2a.bin" is no blob',
  ],
};

const PLAYER = `import { replay, rows } from "smbench";
export default replay({ source: "x", clients: { a: {} } }, {
  async a(c, p) {
    await c.play(rows("x.data/a.jsonl"), p);
  },
});
`;

for (const [name, [text, says]] of Object.entries(BAD_ROWS)) {
  Deno.test(`rows ${name} end the run with a sentence`, async () => {
    using folder = new Folder();
    folder.write("x.data/a.jsonl", text);
    const { code, out, err } = await smbench(["run", folder.write("x.ts", PLAYER)]);
    assertStringIncludes(`${out}${err}`, says);
    assert(!out.includes("    at "), out);
    assertEquals(code, 107);
  });
}

Deno.test("rows come from the scenario's folder and from nowhere else", async () => {
  using folder = new Folder();
  const scenario = folder.write("in/x.ts", PLAYER);
  const missing = await smbench(["run", scenario]);
  assertStringIncludes(missing.out, 'Cannot read rows "x.data/a.jsonl": they do not exist');
  folder.write("out/secret.jsonl", "{}");
  Deno.mkdirSync(`${folder.path}/in/x.data`);
  Deno.symlinkSync(`${folder.path}/out/secret.jsonl`, `${folder.path}/in/x.data/a.jsonl`);
  const linked = await smbench(["run", scenario]);
  assertStringIncludes(linked.out, "they lead out of the scenario's folder");
  for (const path of ["../out.data/a.jsonl", "/etc/passwd", "x.data/../a.jsonl", "a.jsonl"]) {
    const { code, out } = await smbench([
      "run",
      folder.write("in/y.ts", PLAYER.replace("x.data/a.jsonl", path)),
    ]);
    assertStringIncludes(out, `Cannot use "${path}" as rows`);
    assertEquals(code, 107);
  }
});

Deno.test("workload JSON tells what was selected, what it lacks and what was left, and a run compares that", async () => {
  using folder = new Folder();
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("made"), createAnswer(fileId(1)));
  talk.exchange("WRITE", writeBody(fileId(1), 0n, new Uint8Array(9)), writeAnswer(9));
  talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  talk.exchange("CLOSE", closeBody(fileId(9)), closeAnswer());
  Deno.writeFileSync(`${folder.path}/c.pcap`, talk.wire.pcap());
  const path = `${folder.path}/c.json`;
  const compiled = await smbench([
    ...["compile", `${folder.path}/c.pcap`, "--emit", "json", "-o", path, "--command", "WRITE"],
  ]);
  assertEquals(compiled.code, 0, compiled.err);
  const json = JSON.parse(await Deno.readTextFile(path));
  assertStringIncludes(
    json.metadata.remarks[0],
    "Selected: 1 of 6 operations, and 5 that they need.",
  );
  assertEquals(json.provision, { share: { made: null } });
  assertEquals(json.after, { share: { made: { size: 9 } } });
  assertStringIncludes(json.notes[0], "A CLOSE works on a file whose CREATE is not in the capture");
  const same = await smbench(["run", path, "--asap"]);
  assertEquals(same.code, 0, same.out + same.err);
  json.after.share.made.size = 10;
  const other = await smbench(["run", folder.write("other.json", JSON.stringify(json)), "--asap"]);
  assertStringIncludes(other.out + other.err, "made has 9 bytes, not 10");
  json.after.share = { "../x": {} };
  const out = await smbench(["check", folder.write("out.json", JSON.stringify(json))]);
  assertEquals(out.code, 7);
  assertStringIncludes(out.err, 'after: Cannot use provision of share "share", "../x"');
});
