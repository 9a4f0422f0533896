/**
 * The protocol coverage table, generated: what the codec takes apart and puts together is asked of it, what scripts have
 * words for is read from the scripting API, what the embedded server does is asked of it, and what was tested against
 * Samba is what a capture of the interop tests shows (`tests/golden/coverage_samba.json`).
 *
 *     deno run -A tests/tools/coverage.ts             writes runtime/wire/COVERAGE.md
 *     deno run -A tests/tools/coverage.ts --record    runs the interop tests under tcpdump first, which needs root and
 *                                                     a machine where nobody else talks to an smbd meanwhile
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import type { CreateContext } from "../../mod.ts";
import { CipherId, SigningAlgorithmId } from "../../runtime/security/mod.ts";
import {
  Cipher,
  CompressionAlgorithm,
  type CreateRequestContext,
  type CreateResponseContext,
  decodeCreateRequestContexts,
  decodeCreateResponseContexts,
  decodeFsctlInput,
  decodeFsctlOutput,
  decodeInformation,
  decodeNegotiateContexts,
  Dialect,
  encodeCreateRequestContexts,
  encodeCreateResponseContexts,
  encodeInformation,
  encodeNegotiateContexts,
  FileInformationClass,
  Fsctl,
  FsInformationClass,
  HashAlgorithm,
  InfoType,
  isDirectoryClass,
  MESSAGES,
  type NegotiateContext,
  Reader,
  SigningAlgorithm,
  WireError,
  Writer,
} from "../../runtime/wire/mod.ts";
import { projectRoot } from "../checks/tree.ts";
import { type Seen, seenIn, type SeenKind } from "./coverage_samba.ts";
import { embeddedSeen } from "./coverage_tour.ts";

/** Where the table is, and where what Samba answered is; relative to the root. */
export const TABLE = "runtime/wire/COVERAGE.md";
export const RECORD = "tests/golden/coverage_samba.json";

/** Interop tests that are not recorded: in them another client talks to Samba, or nobody does. */
const NOT_RECORDED: ReadonlySet<string> = new Set([
  "conformance_test.ts",
  "examples_test.ts",
  "hostile_server_test.ts",
  "marsaud_run_test.ts",
  "marsaud_test.ts",
  "server_smbclient_test.ts",
  "wire_captures_test.ts",
  "wire_compression_test.ts",
  "wire_tshark_test.ts",
]);

const FILE_ID = { persistent: 1n, volatile: 2n };
const GUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
const KEY = new Uint8Array(16).fill(1);
const BYTES = new Uint8Array(16);

type Samples<C extends { readonly kind: string }> = {
  readonly [K in Exclude<C["kind"], "raw">]: Extract<C, { readonly kind: K }>;
};

const LEASE = {
  kind: "RqLs",
  version: 1,
  leaseKey: KEY,
  leaseState: 7,
  leaseFlags: 0,
  leaseDuration: 0n,
} as const;

/** One of each that the codec knows: the type makes it complete. */
const REQUEST_CONTEXTS: Samples<CreateRequestContext> = {
  ExtA: { kind: "ExtA", data: BYTES },
  SecD: { kind: "SecD", data: BYTES },
  DHnQ: { kind: "DHnQ", reserved: BYTES },
  DHnC: { kind: "DHnC", fileId: FILE_ID },
  AlSi: { kind: "AlSi", allocationSize: 1n },
  MxAc: { kind: "MxAc" },
  TWrp: { kind: "TWrp", timestamp: 1n },
  QFid: { kind: "QFid" },
  RqLs: LEASE,
  DH2Q: { kind: "DH2Q", timeout: 0, flags: 0, reserved: 0n, createGuid: GUID },
  DH2C: { kind: "DH2C", fileId: FILE_ID, createGuid: GUID, flags: 0 },
  AppInstanceId: { kind: "AppInstanceId", reserved: 0, appInstanceId: GUID },
  AppInstanceVersion: { kind: "AppInstanceVersion", high: 1n, low: 2n },
  SVHDX: { kind: "SVHDX", data: BYTES },
  AAPL: {
    kind: "AAPL",
    query: { command: 1, reserved: 0, requestBitmap: 7n, clientCapabilities: 0n },
  },
};

const RESPONSE_CONTEXTS: Samples<CreateResponseContext> = {
  DHnQ: { kind: "DHnQ", reserved: new Uint8Array(8) },
  MxAc: { kind: "MxAc", queryStatus: 0, maximalAccess: 1 },
  QFid: { kind: "QFid", diskFileId: 1n, volumeId: 2n, reserved: BYTES },
  RqLs: LEASE,
  DH2Q: { kind: "DH2Q", timeout: 1, flags: 0 },
  AAPL: { kind: "AAPL", reply: { command: 1, reserved: 0, replyBitmap: 0n } },
};

const NEGOTIATE_CONTEXTS: Samples<NegotiateContext> = {
  preauthIntegrity: { kind: "preauthIntegrity", hashAlgorithms: [1], salt: BYTES },
  encryption: { kind: "encryption", ciphers: [1] },
  compression: { kind: "compression", flags: 0, padding: 0, algorithms: [1] },
  netname: { kind: "netname", netName: "host" },
  transport: { kind: "transport", flags: 1 },
  rdmaTransform: { kind: "rdmaTransform", reserved1: 0, reserved2: 0, transforms: [1] },
  signing: { kind: "signing", algorithms: [1] },
};

/** Contexts as a script asks for them; reconnects need an open and are asked for apart. */
const SCRIPT_CONTEXTS: readonly CreateContext[] = [
  "DHnQ",
  "DH2Q",
  "MxAc",
  "QFid",
  "AAPL",
  { kind: "AlSi", allocationSize: 4096 },
  { kind: "TWrp", timestamp: 1n },
  { kind: "ExtA", data: Uint8Array.of(0, 0, 0, 0, 0, 1, 1, 0, 0x41, 0, 0x31) },
  { kind: "SecD", data: Uint8Array.of(1, 0, 0, 0x80, ...new Uint8Array(16)) },
  { kind: "AppInstanceId", appInstanceId: GUID },
  { kind: "AppInstanceVersion", high: 1n, low: 1n },
  { kind: "SVHDX", data: new Uint8Array(168) },
];

const YES = "yes";
const NO = "-";
/** Of deno.json. */
const LINE_WIDTH = 100;
/** Lengths of zero bytes that every fixed structure is among. */
const LONGEST_PROBE = 640;

interface Row {
  readonly name: string;
  readonly number: string;
  readonly cells: readonly string[];
}

interface Table {
  readonly title: string;
  readonly note?: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** The text of the table. */
export async function coverageTable(root: string): Promise<string> {
  const samba = JSON.parse(await Deno.readTextFile(`${root}/${RECORD}`)) as Seen;
  const embedded = await embeddedSeen(SCRIPT_CONTEXTS);
  const words = await scriptWords(root);
  const both = { embedded, samba };
  return render([
    commands(words, both),
    createContexts(words, both),
    negotiateContexts(words, both),
    information("File information classes", FileInformationClass, { type: InfoType.FILE, both }),
    information("File system information classes", FsInformationClass, {
      type: InfoType.FILESYSTEM,
      both,
    }),
    information("Security and quota", { SecurityInformation: 0, FileQuotaInformation: 0 }, {
      type: InfoType.SECURITY,
      both,
    }),
    fsctls(words, both),
    dialects(both),
    algorithms(both),
  ]);
}

interface Words {
  /** The scripting API's own text. */
  readonly api: string;
  /** Everything that carries scripts out. */
  readonly code: string;
  /** FSCTL -> methods that send it. */
  readonly methods: ReadonlyMap<string, readonly string[]>;
}

interface Both {
  readonly embedded: Seen;
  readonly samba: Seen;
}

async function scriptWords(root: string): Promise<Words> {
  const folder = `${root}/runtime/script`;
  const parts: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".ts") && !name.endsWith("_test.ts")) {
      parts.push(await Deno.readTextFile(`${folder}/${name}`));
    }
  }
  const code = parts.join("\n");
  const methods = new Map<string, string[]>();
  let method = "";
  for (const line of code.split("\n")) {
    method = /^ {2}(?:override )?([a-z]\w*)\(/.exec(line)?.[1] ?? method;
    for (const [, name = ""] of line.matchAll(/\bFsctl\.([A-Z_0-9]+)/g)) {
      const known = methods.get(name) ?? [];
      if (!known.includes(method)) methods.set(name, [...known, method]);
    }
  }
  return { api: await Deno.readTextFile(`${folder}/api.ts`), code, methods };
}

/** The statuses of something; `yes` when it was done. */
function outcome(seen: Seen, kind: SeenKind, name: string): string {
  const statuses = seen[kind][name];
  if (statuses === undefined) return NO;
  const done = statuses.some((status) => DONE.has(status));
  return done ? YES : statuses.join(", ");
}

/** Statuses of something that was done. */
const DONE: ReadonlySet<string> = new Set([
  "SUCCESS",
  "BUFFER_OVERFLOW",
  "MORE_PROCESSING_REQUIRED",
  "NO_MORE_FILES",
]);

function ends({ embedded, samba }: Both, kind: SeenKind, name: string): string[] {
  return [outcome(embedded, kind, name), outcome(samba, kind, name)];
}

const ENDS = ["embedded server", "tested against Samba"] as const;

function commands(words: Words, both: Both): Table {
  const rows = Object.entries(MESSAGES).map(([name, entry], code) => {
    const parts = entry.response === null ? "request" : "request, response";
    const sends = name === "CANCEL" ? /\bcancel\(/ : new RegExp(`"${name}"`);
    return row(name, code, [
      parts,
      parts,
      sends.test(words.code) ? YES : NO,
      ...ends(both, "command", name),
    ]);
  });
  const columns = ["encode", "decode", "script", ...ENDS];
  return { title: "Commands", note: `Sections: MS-SMB2 2.2.3 to 2.2.40.`, columns, rows };
}

/** Whether a value comes back from its bytes. */
function returns<T extends { readonly kind: string }>(
  value: T,
  encode: (writer: Writer, values: readonly T[]) => void,
  decode: (reader: Reader) => readonly { readonly kind: string }[],
): boolean {
  const writer = new Writer(64);
  encode(writer, [value]);
  return decode(new Reader(writer.bytes()))[0]?.kind === value.kind;
}

function createContexts(words: Words, both: Both): Table {
  const block = typeText(words.api, "CreateContext");
  const names = new Set([...Object.keys(REQUEST_CONTEXTS), ...Object.keys(RESPONSE_CONTEXTS)]);
  const rows = [...names].sort().map((name) => {
    const request = Object.values(REQUEST_CONTEXTS).find(({ kind }) => kind === name);
    const response = Object.values(RESPONSE_CONTEXTS).find(({ kind }) => kind === name);
    const parts = [
      request !== undefined &&
      returns(request, encodeCreateRequestContexts, decodeCreateRequestContexts) && "request",
      response !== undefined &&
      returns(response, encodeCreateResponseContexts, decodeCreateResponseContexts) &&
      "response",
    ].filter((part) => part !== false).join(", ");
    const inScript = block.includes(`"${name}"`);
    return row(name, null, [
      parts,
      parts,
      inScript ? YES : NO,
      ...ends(both, "createContext", name),
    ]);
  });
  return {
    title: "Create contexts",
    note: "A server that answers `yes` completed a CREATE with the context; any other context is " +
      "sent by name and bytes.",
    columns: ["encode", "decode", "script", ...ENDS],
    rows,
  };
}

function negotiateContexts(words: Words, both: Both): Table {
  const block = typeText(words.api, "NegotiateContextOption");
  const rows = Object.values(NEGOTIATE_CONTEXTS).map((context) => {
    const decode = (reader: Reader) => decodeNegotiateContexts(reader, 1);
    const known = returns(context, encodeNegotiateContexts, decode) ? YES : NO;
    return row(context.kind, null, [
      known,
      known,
      block.includes(`"${context.kind}"`) ? YES : NO,
      ...ends(both, "negotiateContext", context.kind),
    ]);
  });
  return {
    title: "Negotiate contexts",
    note: "A server that answers `yes` sent the context in its response.",
    columns: ["encode", "decode", "script", ...ENDS],
    rows,
  };
}

/** Whether the codec takes zero bytes of some length apart, and puts them together again. */
function informationCodec(infoType: number, number: number): { encode: boolean; decode: boolean } {
  if (infoType === InfoType.FILE && isDirectoryClass(number)) return { encode: true, decode: true };
  let decode = false;
  for (let length = 0; length <= LONGEST_PROBE; length++) {
    try {
      const value = decodeInformation(infoType, number, new Uint8Array(length));
      if (value.kind === "raw") continue;
      encodeInformation(value);
      return { encode: true, decode: true };
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      decode = true;
    }
  }
  return { encode: false, decode };
}

const ASKED: readonly (readonly [SeenKind, string])[] = [
  ["queryInformation", "query"],
  ["setInformation", "set"],
  ["directoryInformation", "list"],
];

/** Which of query, set and list were done; else the statuses. */
function informationOutcome(seen: Seen, name: string): string {
  const done = ASKED.filter(([kind]) => outcome(seen, kind, name) === YES).map(([, verb]) => verb);
  if (done.length > 0) return done.join(", ");
  const statuses = new Set(ASKED.flatMap(([kind]) => seen[kind][name] ?? []));
  return statuses.size === 0 ? NO : [...statuses].sort().join(", ");
}

function information(title: string, classes: Readonly<Record<string, number>>, how: {
  readonly type: number;
  readonly both: Both;
}): Table {
  const rows = Object.entries(classes).map(([name, number]) => {
    const type = name === "FileQuotaInformation" && how.type === InfoType.SECURITY
      ? InfoType.QUOTA
      : how.type;
    const codec = informationCodec(type, number);
    return row(name, number, [
      codec.encode ? YES : NO,
      codec.decode ? YES : NO,
      "by name",
      informationOutcome(how.both.embedded, name),
      informationOutcome(how.both.samba, name),
    ]);
  });
  return {
    title,
    note:
      "Scripts ask for and set any class by name or number; bytes always, fields where decoded.",
    columns: ["encode", "decode", "script", ...ENDS],
    rows,
  };
}

/** Which of input and output have fields of their own. */
function fsctlFields(code: number): string {
  const known = (decode: (code: number, bytes: Uint8Array) => { readonly kind: string }) => {
    for (let length = 0; length <= LONGEST_PROBE; length++) {
      if (decode(code, new Uint8Array(length)).kind !== "raw") return true;
    }
    return false;
  };
  const parts = [known(decodeFsctlInput) && "input", known(decodeFsctlOutput) && "output"];
  return parts.filter((part) => part !== false).join(", ") || "bytes";
}

function fsctls(words: Words, both: Both): Table {
  const rows = Object.entries(Fsctl).map(([name, code]) => {
    const fields = fsctlFields(code);
    const methods = (words.methods.get(name) ?? []).map((method) => `\`${method}\``).join(", ");
    return row(name, code, [
      fields,
      fields,
      methods === "" ? "by name" : methods,
      ...ends(both, "fsctl", name),
    ]);
  });
  return {
    title: "FSCTLs",
    note: "`bytes`: input and output are bytes to this project. Any other code is sent by number.",
    columns: ["encode", "decode", "script", ...ENDS],
    rows,
  };
}

function dialects(both: Both): Table {
  const rows = Object.entries(Dialect).filter(([name]) => name !== "WILDCARD").map(
    ([name, number]) => {
      const key = `0x${number.toString(16).padStart(4, "0")}`;
      return row(name, number, [YES, YES, YES, ...ends(both, "dialect", key)]);
    },
  );
  return { title: "Dialects", columns: ["encode", "decode", "script", ...ENDS], rows };
}

function algorithms(both: Both): Table {
  const ids = (table: Readonly<Record<string, number>>) => new Set<number>(Object.values(table));
  const ciphers = ids(CipherId);
  const signatures = ids(SigningAlgorithmId);
  const compressed: ReadonlySet<number> = new Set(
    Object.values(CompressionAlgorithm).filter((id) => id !== CompressionAlgorithm.NONE),
  );
  const rows = [
    ...Object.entries(Cipher).map(([name, id]) => {
      const known = ciphers.has(id) ? YES : NO;
      return row(`cipher ${name}`, id, [known, known, YES, ...ends(both, "cipher", name)]);
    }),
    ...Object.entries(SigningAlgorithm).map(([name, id]) => {
      const known = signatures.has(id) ? YES : NO;
      return row(`signing ${name}`, id, [known, known, YES, ...ends(both, "signing", name)]);
    }),
    ...Object.entries(HashAlgorithm).map(([name, id]) =>
      row(`preauth ${name}`, id, [
        YES,
        YES,
        YES,
        ...ends(both, "negotiateContext", "preauthIntegrity"),
      ])
    ),
    ...Object.entries(CompressionAlgorithm).filter(([, id]) => compressed.has(id)).map(
      ([name, id]) => row(`compression ${name}`, id, [YES, YES, YES, NO, NO]),
    ),
  ];
  return {
    title: "Algorithms",
    note: "`yes` of a server: messages under it were understood. Samba 4.17 has no compression.",
    columns: ["compute", "verify or undo", "script", ...ENDS],
    rows,
  };
}

/** The declaration of a type in the API's text. */
function typeText(api: string, name: string): string {
  const start = api.indexOf(`export type ${name} =`);
  const end = api.indexOf(";\n\n", start);
  return start < 0 ? "" : api.slice(start, end);
}

function row(name: string, number: number | null, cells: readonly string[]): Row {
  const text = number === null ? "" : `0x${number.toString(16).padStart(4, "0")}`;
  return { name, number: text, cells };
}

function render(tables: readonly Table[]): string {
  const parts = [
    "# Protocol coverage\n",
    wrapped(
      "Generated by `deno run -A tests/tools/coverage.ts`; a test says when it is out of date. " +
        "`encode` and `decode` are asked of the codec, `script` is read from the scripting API, " +
        "`embedded server` is what the server in memory answered, and `tested against Samba` what " +
        "Samba 4.17 answered to this project's client in the interop tests, read from a capture of " +
        "them: `yes`, or the statuses of its refusals. `-`: not there, not asked.",
    ),
  ];
  for (const { title, note, columns, rows } of tables) {
    const numbered = rows.some(({ number }) => number !== "");
    const head = ["name", ...numbered ? ["number"] : [], ...columns];
    const lines = rows.map(({ name, number, cells }) => [
      name,
      ...numbered ? [number] : [],
      ...cells,
    ]);
    parts.push(`## ${title}\n`);
    if (note !== undefined) parts.push(wrapped(note));
    parts.push(`${tableText([head, ...lines])}\n`);
  }
  return parts.join("\n");
}

/** A paragraph as `deno fmt` wants it. */
function wrapped(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= LINE_WIDTH) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return `${lines.join("\n")}\n`;
}

/** A table as `deno fmt` wants it. */
function tableText(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, i) =>
    Math.max(3, ...lines.map((cells) => cells[i]?.length ?? 0))
  );
  const text = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [head = [], ...rest] = lines;
  return [text(head), text(widths.map((width) => "-".repeat(width))), ...rest.map(text)].join("\n");
}

/** Runs the interop tests while tcpdump listens. */
async function record(root: string): Promise<void> {
  const capture = await Deno.makeTempFile({ suffix: ".pcap" });
  const filter = "tcp portrange 20000-31999";
  const dump = new Deno.Command("tcpdump", {
    args: ["-i", "lo", "-n", "-U", "-s", "0", "-B", "65536", "-Z", "root", "-w", capture, filter],
    stderr: "piped",
  }).spawn();
  const said = dump.stderr.getReader();
  await said.read();
  const files = [...Deno.readDirSync(`${root}/tests/interop`)].map(({ name }) => name);
  const recorded = files.filter((name) => name.endsWith("_test.ts") && !NOT_RECORDED.has(name))
    .map((name) => `tests/interop/${name}`);
  const tests = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", "--quiet", ...recorded.sort(), "tests/cli/samba_test.ts"],
    cwd: root,
  }).spawn().status;
  dump.kill("SIGINT");
  await said.cancel();
  await dump.status;
  if (!tests.success) throw new Error("Cannot record: the interop tests failed");
  await writeRecord(root, seenIn(await Deno.readFile(capture)));
  await Deno.remove(capture);
}

async function writeRecord(root: string, seen: Seen): Promise<void> {
  await Deno.writeTextFile(`${root}/${RECORD}`, `${JSON.stringify(seen, null, 2)}\n`);
}

if (import.meta.main) {
  const root = projectRoot();
  const { record: records } = parseArgs(Deno.args, { boolean: ["record"] });
  if (records === true) await record(root);
  await Deno.mkdir(`${root}/docs`, { recursive: true });
  await Deno.writeTextFile(`${root}/${TABLE}`, await coverageTable(root));
}
