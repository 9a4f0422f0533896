/**
 * `smb2`, what workload JSON says beyond version 1: an operation of a capture with every field of its request, as the
 * compiler's plan has it (compiler/plan.ts, which the two rooms keep in step by a test). A field that is absent has the
 * value that its comment names.
 *
 * - Names (`n1`, `s1`, `t1`, `f1`) stand for what the server numbers anew in every run: connections, sessions, tree
 *   connects, opens. A client's names are its own.
 * - 64-bit numbers are text in decimal, bytes hexadecimal, times seconds since the start of the capture.
 * - `id` names the operation for `after`, `afterOthers`, `afterPending` and `target` of others; it is unique.
 */
import { z } from "zod";

/** Largest input of a request, in hexadecimal digits: what the largest message has room for. */
const MAX_DIGITS = 32 * 2 ** 20;

const u8 = z.int().min(0).max(0xff);
const u16 = z.int().min(0).max(0xffff);
const u32 = z.int().min(0).max(0xffff_ffff);
const u64 = z.string().max(20).refine(
  (text) => /^\d+$/.test(text) && (text.length < 20 || BigInt(text) < 1n << 64n),
  "is no 64-bit number in decimal",
);
const hex = z.string().max(MAX_DIGITS).refine(
  (text) => text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text),
  "has no pairs of hexadecimal digits",
);
/** Seconds; an age of a hundred years is a mistake. */
const seconds = z.number().min(0).max(3.2e9);
const id = z.int().min(0);
const ids = z.array(id);
/** Name of a connection, session, tree or open. */
const name = z.string().min(1).max(200);
const path = z.string().max(0xffff);

const base = {
  id,
  at: seconds,
  /** Null when the capture had no answer: the operation is not waited for. */
  answeredAt: seconds.nullish(),
  /** When the server said that the operation is pending. */
  pendingAt: seconds.optional(),
  frames: z.object({
    request: id,
    first: id.optional(),
    interim: id.optional(),
    response: id.optional(),
  }).optional(),
  /** NTSTATUS that is expected: 0. Null for any. */
  status: u32.nullish(),
  /** Operations of the same client that are answered before this one is sent: none. */
  after: ids.optional(),
  /** The one of them that brought this one about; null where none did. */
  enabledBy: id.nullish(),
  /** Operations of other clients that are: none. */
  afterOthers: ids.optional(),
  /** Operations of other clients that the server has said to be pending: none. */
  afterPending: ids.optional(),
  /** Place in a compound; its members follow each other. */
  chain: z.object({ id, index: id, related: z.boolean() }).optional(),
  header: z.object({
    creditCharge: u16.optional(),
    credits: u16.optional(),
    channelSequence: u16.optional(),
    replay: z.boolean().optional(),
    dfs: z.boolean().optional(),
  }).optional(),
  /** Session of the channel that it is sent on: its own session's connection. */
  via: name.optional(),
  /**
   * A tree or session that the header names besides; null for an id that nothing has. `file`: the file was opened over
   * another connection.
   */
  ids: z.object({
    tree: name.nullish(),
    session: name.nullish(),
    file: z.literal(true).optional(),
  }).optional(),
  incomplete: z.string().optional(),
};

const negotiateContext = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("preauthIntegrity"),
    hashAlgorithms: z.array(u16),
    saltLength: z.int().min(0).max(4096),
  }),
  z.object({ kind: z.literal("encryption"), ciphers: z.array(u16) }),
  z.object({ kind: z.literal("compression"), flags: u32, algorithms: z.array(u16) }),
  z.object({ kind: z.literal("netname"), netName: z.string() }),
  z.object({ kind: z.literal("transport"), flags: u32 }),
  z.object({
    kind: z.literal("rdmaTransform"),
    transforms: z.array(u16),
    reserved1: u16.optional(),
    reserved2: u32.optional(),
  }),
  z.object({ kind: z.literal("signing"), algorithms: z.array(u16) }),
  z.object({ kind: z.literal("raw"), type: u16, data: hex }),
]);

/** Equal names of leases and GUIDs are equal values in a run, which draws them anew. */
const createContext = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("RqLs"),
    version: z.union([z.literal(1), z.literal(2)]),
    key: name,
    state: u32,
    flags: u32,
    parent: name.optional(),
    epoch: u16.optional(),
  }),
  z.object({ kind: z.literal("DHnQ") }),
  /** The file that is reclaimed, or behind `@` the id of another client's open. */
  z.object({ kind: z.literal("DHnC"), file: name }),
  z.object({ kind: z.literal("DH2Q"), timeout: u32, flags: u32, createGuid: name }),
  z.object({ kind: z.literal("DH2C"), file: name, createGuid: name, flags: u32 }),
  z.object({ kind: z.literal("MxAc"), timestamp: u64.optional() }),
  z.object({ kind: z.literal("QFid") }),
  z.object({ kind: z.literal("AlSi"), allocationSize: u64 }),
  z.object({ kind: z.literal("TWrp"), timestamp: u64 }),
  z.object({ kind: z.enum(["ExtA", "SecD", "SVHDX"]), data: hex }),
  z.object({ kind: z.literal("AppInstanceId"), appInstanceId: name }),
  z.object({ kind: z.literal("AppInstanceVersion"), high: u64, low: u64 }),
  z.object({ kind: z.literal("AAPL"), requestBitmap: u64, clientCapabilities: u64 }),
  z.object({ kind: z.literal("raw"), name: hex, data: hex }),
]);

/** What to do on breaks of the open: acknowledge at once. */
const breakPolicy = z.union([
  z.literal("withhold"),
  z.object({ delay: seconds.optional(), to: u32.optional() }),
]);

/** On a tree, and on an open of that name; a name that no create gave is an unknown FileId. */
const onFile = { ...base, tree: name, file: name };

/** Any operation of a capture. */
export const smb2Operation = z.discriminatedUnion("kind", [
  z.object({
    ...base,
    kind: z.literal("connect"),
    connection: name,
    /** The capture begins after it: it is sent with the client's own choices. */
    implied: z.boolean().optional(),
    server: z.string().optional(),
    smb1: z.boolean().optional(),
    dialects: z.array(u16),
    securityMode: u16,
    capabilities: u32,
    contexts: z.array(negotiateContext).optional(),
    dialect: u16.nullish(),
  }),
  z.object({
    ...base,
    kind: z.literal("login"),
    connection: name,
    session: name,
    implied: z.boolean().optional(),
    user: z.string().nullish(),
    domain: z.string().nullish(),
    mechanism: z.enum(["ntlm", "kerberos", "anonymous", "unknown"]).optional(),
    securityMode: u8,
    capabilities: u32,
    again: z.boolean().optional(),
    /** Behind `@`, the id of another client's login. */
    previous: name.optional(),
    /** Another client names the session. */
    shared: z.literal(true).optional(),
    bind: name.optional(),
    signing: z.boolean().optional(),
    encryption: z.boolean().optional(),
  }),
  z.object({ ...base, kind: z.literal("logoff"), session: name }),
  z.object({
    ...base,
    kind: z.literal("tree"),
    session: name,
    tree: name,
    implied: z.boolean().optional(),
    /** `\\server\share`. */
    path,
    /** 0. */
    flags: u16.optional(),
    shareType: u8.nullish(),
  }),
  z.object({ ...base, kind: z.literal("untree"), tree: name }),
  z.object({
    ...onFile,
    kind: z.literal("create"),
    path,
    access: u32,
    /** 7. */
    share: u32.optional(),
    /** 1. */
    disposition: u32.optional(),
    /** 0. */
    options: u32.optional(),
    /** 0. */
    attributes: u32.optional(),
    /** 2. */
    impersonation: u32.optional(),
    /** 0. */
    securityFlags: u8.optional(),
    /** 0. */
    oplock: u8.optional(),
    /** None. */
    contexts: z.array(createContext).optional(),
    granted: z.object({ oplock: u8, lease: u32.nullable(), action: u32, size: u64 }).nullish(),
    /** Another client names the open. */
    shared: z.literal(true).optional(),
    onBreak: breakPolicy.optional(),
  }),
  z.object({ ...onFile, kind: z.literal("close"), flags: u16.optional() }),
  z.object({ ...onFile, kind: z.literal("flush") }),
  z.object({
    ...onFile,
    kind: z.literal("read"),
    offset: u64,
    length: u32,
    minimumCount: u32.optional(),
    flags: u8.optional(),
    /** 0x50. */
    padding: u8.optional(),
    remainingBytes: u32.optional(),
    channel: u32.optional(),
    returned: z.object({ length: u32, sha256: hex.optional() }).nullish(),
  }),
  z.object({
    ...onFile,
    kind: z.literal("write"),
    offset: u64,
    flags: u32.optional(),
    remainingBytes: u32.optional(),
    channel: u32.optional(),
    /** Equal hashes are equal data; the bytes are those of the row's `blob_path`, else made up. */
    data: z.object({
      length: z.int().min(0).max(64 * 2 ** 20),
      sha256: hex.optional(),
      /** Offset and length of what is zeros. */
      zeros: z.array(z.tuple([u32, u32])).optional(),
    }),
  }),
  z.object({
    ...onFile,
    kind: z.literal("lock"),
    lockSequence: u32.optional(),
    ranges: z.array(z.object({ offset: u64, length: u64, flags: u32 })),
  }),
  z.object({
    ...base,
    kind: z.literal("ioctl"),
    tree: name,
    /** Null on FileId all ones. */
    file: name.nullable(),
    code: u32,
    /** 1. */
    flags: u32.optional(),
    /** None. */
    input: hex.optional(),
    /** The open whose resume key the first 24 bytes of the input are. */
    resumeKey: name.optional(),
    maxInput: u32.optional(),
    maxOutput: u32,
    returnedLength: u32.nullish(),
  }),
  z.object({
    ...onFile,
    kind: z.literal("queryDirectory"),
    class: u8,
    flags: u8.optional(),
    index: u32.optional(),
    pattern: path,
    outputLength: u32,
    returnedLength: u32.nullish(),
  }),
  z.object({
    ...onFile,
    kind: z.literal("changeNotify"),
    flags: u16.optional(),
    filter: u32,
    outputLength: u32,
  }),
  z.object({
    ...onFile,
    kind: z.literal("queryInfo"),
    infoType: u8,
    class: u8,
    additional: u32.optional(),
    flags: u32.optional(),
    outputLength: u32,
    input: hex.optional(),
    returnedLength: u32.nullish(),
  }),
  z.object({
    ...onFile,
    kind: z.literal("setInfo"),
    infoType: u8,
    class: u8,
    additional: u32.optional(),
    input: hex,
  }),
  z.object({ ...base, kind: z.literal("echo"), connection: name }),
  z.object({ ...base, kind: z.literal("cancel"), target: id }),
  z.object({
    ...base,
    kind: z.literal("break"),
    breakKind: z.enum(["lease", "oplock"]),
    file: name.nullable(),
    from: u32.nullish(),
    to: u32.optional(),
    ackRequired: z.boolean().optional(),
    acknowledgedAfter: seconds.nullish(),
    acknowledgedTo: u32.nullish(),
    acknowledgeStatus: u32.nullish(),
  }),
  z.object({ ...base, kind: z.literal("disconnect"), connection: name }),
]);

/** An operation of a capture. */
export type Smb2Operation = z.infer<typeof smb2Operation>;

/** One of a kind. */
export type Smb2<K extends Smb2Operation["kind"]> = Extract<Smb2Operation, { kind: K }>;
