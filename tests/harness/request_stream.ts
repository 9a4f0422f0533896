/**
 * What a run sends, request by request, as two runs of the same workload can be compared: without what servers and runs
 * choose anew. Each connection is a list; OPLOCK_BREAK acknowledgements, whose moment is the server's, come last.
 *
 * @module
 */
import {
  Connection,
  nativeBackend,
  ntlmAuthenticator,
  type Transport,
} from "../../runtime/client/mod.ts";
import type { OperationRecord } from "../../runtime/measure/mod.ts";
import { evaluateModules, readRows, readScenario } from "../../runtime/sandbox/mod.ts";
import { PreciseClock } from "../../runtime/schedule/mod.ts";
import {
  Definition,
  execute,
  type RunHost,
  type RunOptions,
  watchBlobs,
} from "../../runtime/script/mod.ts";
import { ServerHost } from "../../runtime/server/mod.ts";
import { transportPair } from "../../runtime/transport/mod.ts";
import type { Message } from "../../runtime/wire/mod.ts";
import * as smbench from "../../mod.ts";
import * as zod from "zod";

/** What a run did. */
export interface Streams {
  /** A list for each connection, sorted. */
  readonly connections: readonly (readonly string[])[];
  /** What was recorded of each operation, by client and label. */
  readonly records: readonly string[];
  readonly notes: readonly string[];
}

/** Reads a scenario's file in this thread. */
export async function definitionOf(
  path: string,
): Promise<{ readonly definition: Definition; readonly blobs: readonly string[] }> {
  const { files, entry } = await readScenario(path);
  const packages = { smbench: { ...smbench }, zod: { ...zod } };
  const blobs: string[] = [];
  const stopWatching = watchBlobs(({ path }) => blobs.push(path));
  const { default: exported } = await evaluateModules(files, entry, packages);
  stopWatching();
  if (exported instanceof Definition) return { definition: exported, blobs };
  throw new TypeError(`Cannot run ${path}: it exports no scenario`);
}

/** Runs a definition against a server in memory, or where `dial` leads. */
export async function streamsOf(definition: Definition, options: {
  /** Where blobs and rows lie. */
  readonly folder: string;
  readonly run?: Partial<RunOptions>;
  readonly account?: { readonly user: string; readonly password: string };
  readonly dial?: () => Promise<Transport>;
  /** Blobs to load before. */
  readonly blobs?: readonly string[];
}): Promise<Streams> {
  const account = options.account ?? { user: "alice", password: "secret" };
  const server = new ServerHost({
    shares: [{ name: "share" }],
    users: [{ name: account.user, password: account.password }],
  });
  const records: OperationRecord[] = [];
  const notes: string[] = [];
  const connections: Message[][] = [];
  const host: RunHost = {
    backend: {
      ...nativeBackend,
      connect(transport, options) {
        const sent: Message[] = [];
        connections.push(sent);
        return Connection.connect(transport, {
          ...options,
          observer: { sent: (message) => void sent.push(message) },
        });
      },
    },
    clock: new PreciseClock(),
    dial: options.dial ?? (() => {
      const [ours, theirs] = transportPair();
      server.serve(theirs);
      return Promise.resolve(ours);
    }),
    authenticator(credentials) {
      if (credentials === "anonymous") {
        return ntlmAuthenticator({ user: "", domain: "", password: "" });
      }
      const password = credentials === "wrong" ? "not it" : account.password;
      return ntlmAuthenticator({ user: account.user, domain: "", password });
    },
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    blob: (path) => Deno.readFile(`${options.folder}/${path}`),
    rows: (path, offset) => readRows(options.folder, path, offset),
    record: (record) => void records.push(record),
    broke: () => {},
    note: (message) => void notes.push(message),
    log: (message) => void notes.push(message),
  };
  const { failed, error } = await execute(definition, host, {
    server: "server",
    share: "share",
    shares: {},
    root: "",
    speed: 1,
    asap: true,
    timeout: 60,
    params: {},
    ...options.run,
    blobs: options.blobs ?? [],
  }).finished;
  await server.close();
  if (failed) throw error;
  return {
    connections: connections.map(compared).sort((one, other) => one.join() < other.join() ? -1 : 1),
    records: records.map(recordText).sort(),
    notes,
  };
}

function recordText(record: OperationRecord): string {
  const { client, label, command, path, status, expected, matched, skipped, error } = record;
  return JSON.stringify({
    client,
    label,
    command,
    path,
    status,
    expected,
    matched,
    skipped,
    error,
  });
}

/** Ids that the server gives, and values that a run draws: their pattern of equality is compared. */
const DRAWN: ReadonlySet<string> = new Set([
  "fileId",
  "treeId",
  "sessionId",
  "previousSessionId",
  "clientGuid",
  "leaseKey",
  "parentLeaseKey",
  "createGuid",
  "appInstanceId",
]);

/** Fields that are drawn and never come again, or follow from the order of everything. */
const IGNORED: ReadonlySet<string> = new Set([
  "salt",
  "securityBuffer",
  "signature",
  "messageId",
  "credits",
  "nextCommand",
]);

const COPY_CHUNK: ReadonlySet<unknown> = new Set([0x001440f2, 0x001480f2]);
const VALIDATE_NEGOTIATE_INFO = 0x00140204;
const RESUME_KEY_LENGTH = 24;

function compared(messages: readonly Message[]): string[] {
  const names = new Map<string, string>();
  const named = (value: unknown) => {
    const key = JSON.stringify(plain(value));
    const name = names.get(key) ?? `drawn${names.size + 1}`;
    names.set(key, name);
    return name;
  };
  const plain = (value: unknown): unknown => {
    if (typeof value === "bigint") return `${value}n`;
    if (value instanceof Uint8Array) return value.toHex();
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    const fields = Object.entries(value).filter(([name]) => !IGNORED.has(name));
    return Object.fromEntries(fields.map(([name, field]) => [
      name,
      DRAWN.has(name) ? named(field) : name === "input" ? input(value, field) : plain(field),
    ]));
  };
  const input = (body: object, bytes: unknown): unknown => {
    const { ctlCode } = body as { ctlCode?: unknown };
    if (ctlCode === VALIDATE_NEGOTIATE_INFO) return "its own";
    if (!(bytes instanceof Uint8Array) || !COPY_CHUNK.has(ctlCode)) return plain(bytes);
    return [named(bytes.subarray(0, RESUME_KEY_LENGTH)), plain(bytes.subarray(RESUME_KEY_LENGTH))];
  };
  const lines = messages.map((message) => JSON.stringify(plain(message)));
  const isBreak = (line: string) => line.includes('"command":"OPLOCK_BREAK"');
  return [...lines.filter((line) => !isBreak(line)), ...lines.filter(isBreak).sort()];
}
