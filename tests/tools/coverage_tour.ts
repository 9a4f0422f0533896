/**
 * Asks the embedded server for everything there is a name for, and keeps what it answered.
 *
 * @module
 */
import { type CreateContext, replay, type Tree } from "../../mod.ts";
import {
  ntlmAuthenticator,
  type Transport,
  type TransportError,
} from "../../runtime/client/mod.ts";
import { ServerHost } from "../../runtime/server/mod.ts";
import { transportPair } from "../../runtime/transport/mod.ts";
import {
  Cipher,
  CompressionAlgorithm,
  encodeInformation,
  FileInformationClass,
  FrameDecoder,
  Fsctl,
  FsInformationClass,
  type Information,
  SigningAlgorithm,
} from "../../runtime/wire/mod.ts";
import { playOn } from "../interop/play.ts";
import { Conversation, Notes, type Seen } from "./coverage_samba.ts";

const ACCOUNT = { user: "alice", domain: "", password: "secret" };
const DIALECTS = [0x0202, 0x0210, 0x0300, 0x0302, 0x0311];
const GUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

/** FSCTLs that are asked for apart: not on a file, or (VALIDATE_NEGOTIATE_INFO) with a server that hangs up in 3.1.1. */
const APART: readonly string[] = [
  "VALIDATE_NEGOTIATE_INFO",
  "QUERY_NETWORK_INTERFACE_INFO",
  "DFS_GET_REFERRALS",
  "PIPE_PEEK",
  "PIPE_TRANSCEIVE",
  "PIPE_WAIT",
];

/** BIND of call 1 to the Server Service (MS-RPCE 2.2.2). */
const BIND = Uint8Array.fromHex(
  "05000b03100000004800000001000000b810b8100000000001000000" +
    "00000100c84f324b7016d30112785a47bf6ee18803000000" +
    "045d888aeb1cc9119fe808002b10486002000000",
);

const SET_VALUES: readonly Information[] = [
  {
    kind: "FileBasicInformation",
    creationTime: 0n,
    lastAccessTime: 0n,
    lastWriteTime: 0n,
    changeTime: 0n,
    fileAttributes: 0,
    reserved: 0,
  },
  { kind: "FileAllocationInformation", allocationSize: 4096n },
  { kind: "FileEndOfFileInformation", endOfFile: 10n },
  { kind: "FilePositionInformation", currentByteOffset: 1n },
  { kind: "FileModeInformation", mode: 0 },
  { kind: "FileLinkInformation", replaceIfExists: true, rootDirectory: 0n, name: "linked" },
  { kind: "FileRenameInformation", replaceIfExists: true, rootDirectory: 0n, name: "renamed" },
];

/** Listens at a client's end of a connection. */
export class Listening implements Transport {
  readonly #inner: Transport;
  readonly #conversation: Conversation;
  readonly #asked = new FrameDecoder();
  readonly #answered = new FrameDecoder();

  constructor(inner: Transport, notes: Notes) {
    this.#inner = inner;
    this.#conversation = new Conversation(notes);
  }

  get remote(): string {
    return this.#inner.remote;
  }

  get closed(): Promise<TransportError | null> {
    return this.#inner.closed;
  }

  async read(into: Uint8Array): Promise<number | null> {
    const count = await this.#inner.read(into);
    if (count !== null) {
      for (const { payload } of this.#answered.push(into.slice(0, count))) {
        this.#conversation.answered(payload);
      }
    }
    return count;
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    for (const chunk of chunks) {
      for (const { payload } of this.#asked.push(chunk.slice())) this.#conversation.asked(payload);
    }
    return this.#inner.write(chunks);
  }

  close(): void {
    this.#inner.close();
  }
}

/** What the embedded server answers. */
export async function embeddedSeen(contexts: readonly CreateContext[]): Promise<Seen> {
  const notes = new Notes();
  const server = new ServerHost({
    shares: [{ name: "share" }],
    users: [{ name: ACCOUNT.user, password: ACCOUNT.password }],
  });
  const stage = {
    host: "server",
    port: 0,
    ...ACCOUNT,
    authenticator: () => ntlmAuthenticator(ACCOUNT),
    dial: () => {
      const [ours, theirs] = transportPair();
      server.serve(theirs);
      return Promise.resolve(new Listening(ours, notes));
    },
  };
  // As a replay: no status ends it.
  const tour = replay({ source: "tour", clients: { a: {}, b: {} } }, {
    async a(client) {
      await offers(client);
      const connection = await client.connect();
      const session = await connection.login();
      const tree = await session.tree("share");
      await files(tree, contexts);
      await reclaims(client);
      const asked = await controls(tree);
      await tree.networkInterfaces();
      await tree.dfsReferral("\\server\\share");
      const ipc = await session.tree("IPC$");
      await ipc.waitPipe("srvsvc");
      const pipe = await ipc.open("srvsvc", { access: "rw" });
      await pipe.transceive(BIND);
      await pipe.peek();
      await pipe.close();
      const plain = await tree.open("plain", { access: "rw", disposition: "openIf" });
      for (const [name, code] of Object.entries(Fsctl)) {
        if (!asked.has(name) && !APART.includes(name)) await plain.ioctl(code);
      }
      await plain.close();
      await ipc.disconnect();
      const broken = await tree.open("shared", {
        access: "rw",
        disposition: "openIf",
        lease: "RWH",
      });
      const other = await (await (await client.connect({ clientGuid: "other" })).login()).tree(
        "share",
      );
      await (await other.open("shared")).close();
      await broken.leaseBreak();
      await broken.close();
      await connection.echo();
      await tree.disconnect();
      await session.logoff();
    },
    async b(client) {
      const tree = await (await (await client.connect({ dialects: ["3.0.2"] })).login()).tree(
        "share",
      );
      await tree.validateNegotiate();
    },
  });
  await playOn(stage, tour);
  await server.close();
  return notes.seen;
}

/** Every dialect, and every algorithm alone, signed and asked to encrypt. */
async function offers(client: Parameters<Parameters<typeof replay>[1][string]>[0]): Promise<void> {
  const required = { securityMode: 0x02 };
  for (const dialect of DIALECTS) {
    const connection = await client.connect({ dialects: [dialect] });
    const session = await connection.login(required);
    await session.logoff();
    connection.disconnect();
  }
  const preauth = { kind: "preauthIntegrity" } as const;
  const all = [
    ...Object.values(SigningAlgorithm).map((id) =>
      ({ kind: "signing", algorithms: [id] }) as const
    ),
    ...Object.values(Cipher).map((id) => ({ kind: "encryption", ciphers: [id] }) as const),
    ...Object.values(CompressionAlgorithm).map((id) =>
      ({ kind: "compression", algorithms: [id] }) as const
    ),
    { kind: "netname" } as const,
    { kind: "transport", flags: 1 } as const,
    { kind: "rdmaTransform", transforms: [1] } as const,
  ];
  for (const context of all) {
    const connection = await client.connect({ dialects: [0x0311], contexts: [preauth, context] });
    await (await connection.login(required)).logoff();
    connection.disconnect();
  }
}

/** Durable files that are lost with their connection and opened again on the next one. */
async function reclaims(client: Parameters<typeof offers>[0]): Promise<void> {
  const place = async () => {
    const connection = await client.connect();
    return { connection, tree: await (await connection.login()).tree("share") };
  };
  for (const [asked, back] of [["DHnQ", "DHnC"], ["DH2Q", "DH2C"]] as const) {
    const { connection, tree } = await place();
    const held = await tree.open("held", {
      access: "rw",
      disposition: "openIf",
      oplock: "batch",
      contexts: [asked === "DHnQ" ? asked : { kind: asked, createGuid: GUID }],
    });
    connection.disconnect();
    await connection.disconnected();
    const next = await place();
    await (await next.tree.open("held", { contexts: [{ kind: back, file: held }] })).close();
    next.connection.disconnect();
  }
}

/** Commands on files and directories, contexts and classes. */
async function files(tree: Tree, contexts: readonly CreateContext[]): Promise<void> {
  const file = await tree.open("file", { access: "all", disposition: "openIf" });
  await file.write(0, "some bytes");
  await file.read(0, 4);
  await file.flush();
  await file.lock([{ offset: 0, length: 1, kind: "exclusive", failImmediately: true }]);
  for (const context of contexts) {
    const made = await tree.open("with context", {
      access: "rw",
      disposition: "openIf",
      oplock: "batch",
      contexts: [context],
    });
    await made.close();
  }
  for (const name of Object.keys(FileInformationClass)) await file.queryInfo({ class: name });
  for (const name of Object.keys(FsInformationClass)) {
    await file.queryInfo({ type: "fileSystem", class: name });
    await file.setInfo(new Uint8Array(64), { type: "fileSystem", class: name });
  }
  const { bytes } = await file.queryInfo({ type: "security", additional: 0x07 });
  await file.setInfo(bytes, { type: "security", additional: 0x04 });
  await file.queryInfo({ type: "quota" });
  const typed = new Map<string, Information>(SET_VALUES.map((value) => [value.kind, value]));
  for (const name of Object.keys(FileInformationClass)) {
    if (name.startsWith("FileDisposition")) continue;
    const value = typed.get(name);
    const input = value === undefined ? new Uint8Array(64) : encodeInformation(value);
    await file.setInfo(input, { class: name });
  }
  const root = await tree.open("", { access: "r", options: ["directory"] });
  for (const name of Object.keys(FileInformationClass)) {
    await root.queryDirectory({ class: name, flags: 0x01 });
  }
  const changes = root.changes();
  await (await tree.open("new", { access: "rw", disposition: "create" })).close();
  await changes;
  const cancelled = root.changes();
  cancelled.cancel();
  await cancelled;
  await root.close();
  await file.setInfo(Uint8Array.of(1), { class: "FileDispositionInformation" });
  await file.setInfo(Uint8Array.of(1, 0, 0, 0), { class: "FileDispositionInformationEx" });
  await file.close();
}

/** FSCTLs with the input that they need; tells which. */
async function controls(tree: Tree): Promise<ReadonlySet<string>> {
  const source = await tree.open("source", { access: "rw", disposition: "openIf" });
  const file = await tree.open("controlled", { access: "rw", disposition: "openIf" });
  await source.write(0, "some bytes");
  const range = { from: 0, to: 0, length: 4 };
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    SRV_REQUEST_RESUME_KEY: () => source.requestResumeKey(),
    SRV_COPYCHUNK: () => file.copyChunk(source, [range]),
    SRV_COPYCHUNK_WRITE: () => file.copyChunk(source, [range], { write: true }),
    SRV_ENUMERATE_SNAPSHOTS: () => file.snapshots(),
    SET_SPARSE: () => file.setSparse(),
    SET_ZERO_DATA: () => file.zeroData(0, 1),
    QUERY_ALLOCATED_RANGES: () => file.allocatedRanges(0, 100),
    FILE_LEVEL_TRIM: () => file.trim([{ offset: 0, length: 1 }]),
    OFFLOAD_READ: () => file.offloadRead(0, 1),
    OFFLOAD_WRITE: () => file.offloadWrite(new Uint8Array(512), { offset: 0, length: 1 }),
    DUPLICATE_EXTENTS_TO_FILE: () => file.duplicateExtents(source, range),
    DUPLICATE_EXTENTS_TO_FILE_EX: () => file.duplicateExtents(source, range, { flags: 0 }),
    GET_INTEGRITY_INFORMATION: () => file.integrity(),
    SET_INTEGRITY_INFORMATION: () => file.setIntegrity({ checksumAlgorithm: 0 }),
    GET_COMPRESSION: () => file.compression(),
    SET_COMPRESSION: () => file.setCompression(0),
    CREATE_OR_GET_OBJECT_ID: () => file.objectId(),
    GET_OBJECT_ID: () => file.objectId({ create: false }),
    GET_REPARSE_POINT: () => file.reparsePoint(),
    SET_REPARSE_POINT: () => file.setReparsePoint({ tag: 1, data: new Uint8Array(1) }),
    DELETE_REPARSE_POINT: () => file.deleteReparsePoint(1),
    LMR_REQUEST_RESILIENCY: () =>
      file.ioctl("LMR_REQUEST_RESILIENCY", { input: new Uint8Array(8) }),
  };
  for (const call of Object.values(calls)) await call();
  await file.close();
  await source.close();
  return new Set(Object.keys(calls));
}
