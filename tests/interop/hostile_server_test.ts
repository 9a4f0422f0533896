/**
 * A hostile server: what a real one answered, cut at every length and changed at random, is fed to the client. Whatever
 * comes of it is a reply, or an error that blames the server; nothing hangs, and memory stays where it was.
 */
import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import {
  Connection,
  connectTcp,
  ntlmAuthenticator,
  type Open,
  ProtocolError,
  type Session,
  StatusError,
  type Transport,
  TransportError,
  type Tree,
} from "../../runtime/client/mod.ts";
import { SecurityError } from "../../runtime/security/mod.ts";
import { ServerHost } from "../../runtime/server/mod.ts";
import { transportPair } from "../../runtime/transport/mod.ts";
import {
  decodeDirectory,
  decodeFsctlOutput,
  decodeInformation,
  decodeNotify,
  FrameDecoder,
  frameHeader,
  Fsctl,
  WireError,
} from "../../runtime/wire/mod.ts";
import { interopTest } from "../harness/interop.ts";
import { startSmbd } from "../harness/smbd.ts";

const MUTATIONS = 10_000;
/** All rounds of one conversation; a round that hangs ends here. */
const HANG_MS = 300_000;
/** What the heap may grow by over all rounds: garbage that is not collected yet, and no more. */
const MAX_GROWTH = 192 * 1024 * 1024;

const ALL_ACCESS = 0x001f01ff;
const OPEN_IF = 3;
const DIRECTORY_FILE = 0x01;
const RWH = 0x07;
const ANY = { accept: "any" } as const;
const ACCOUNT = { user: "alice", domain: "", password: "secret" };

/** Bytes that look random and are the same in every run. */
function seeded(seed: number): (length: number) => Uint8Array {
  let state = seed;
  return (length) =>
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    });
}

/** Numbers below a limit, from a seed. */
class Dice {
  readonly #next: (length: number) => Uint8Array;

  constructor(seed: number) {
    this.#next = seeded(seed);
  }

  below(limit: number): number {
    const [a = 0, b = 0, c = 0] = this.#next(3);
    return ((a << 16) | (b << 8) | c) % limit;
  }

  byte(): number {
    return this.below(256);
  }
}

/** What another client does meanwhile; nothing in a replay. */
type Nudge = (what: "break" | "change") => Promise<void>;

/** One client's part. It ends at the first error. */
type Conversation = (transport: Transport, nudge: Nudge) => Promise<void>;

/** A client whose every random byte and clock reading is the same in every run. */
function client(transport: Transport): Connection {
  let now = 0;
  return Connection.connect(transport, { random: seeded(1), now: () => now++ });
}

function account(who: { readonly user: string; readonly password: string } = ACCOUNT) {
  return ntlmAuthenticator({
    ...who,
    domain: "",
    random: seeded(2),
    now: () => 133_000_000_000_000_000n,
  });
}

function create(tree: Tree, name: string): Promise<Open> {
  return tree.create(name, {
    desiredAccess: ALL_ACCESS,
    createDisposition: OPEN_IF,
    lease: { key: seeded(name.length)(16), state: RWH },
    contexts: [{ kind: "MxAc" }, { kind: "QFid" }],
  });
}

async function connected(connection: Connection, signing: "enabled" | "required") {
  const session = await connection.session(account(), { signing });
  return { session, tree: await session.tree("\\\\server\\share") };
}

/** A logged-in client's part, on a connection of its own. */
type Part = (here: {
  readonly connection: Connection;
  readonly session: Session;
  readonly tree: Tree;
  readonly nudge: Nudge;
  /** Promises that nobody awaits yet. */
  readonly pending: Promise<unknown>[];
}) => Promise<void>;

/** Negotiates, logs in, does its part, and hangs up. */
function unsigned(part: Part): Conversation {
  return async (transport, nudge) => {
    const connection = client(transport);
    const pending: Promise<unknown>[] = [];
    try {
      await connection.negotiate();
      const { session, tree } = await connected(connection, "enabled");
      await part({ connection, session, tree, nudge, pending });
    } finally {
      connection.close();
      await connection.disconnected;
      await Promise.all(pending);
    }
  };
}

const files = unsigned(async ({ connection, tree, nudge }) => {
  const file = await create(tree, "file");
  await file.write(0, new Uint8Array(64).fill(7), ANY);
  const { body: read } = await file.read(0, 64, ANY);
  assert((read?.data.length ?? 0) <= 64 * 1024);
  await file.lock([{ offset: 0, length: 10, flags: 0x12 }], ANY);
  await nudge("break");
  await file.nextBreak();
  await connection.echo(ANY);
  await file.setInfo({ fileInfoClass: 20, input: new Uint8Array(8) }, ANY);
  await file.flush(ANY);
  await file.close({ ...ANY, postQueryAttributes: true });
});

const information = unsigned(async ({ tree, session }) => {
  const file = await create(tree, "file");
  for (const fileInfoClass of [4, 18, 22, 34]) {
    const { body } = await file.queryInfo({ fileInfoClass }, ANY);
    if (body !== null) decodeInformation(1, fileInfoClass, body.output);
  }
  for (const fileInfoClass of [1, 3, 5]) {
    const { body } = await file.queryInfo({ infoType: 2, fileInfoClass }, ANY);
    if (body !== null) decodeInformation(2, fileInfoClass, body.output);
  }
  for (const ctlCode of [Fsctl.SRV_REQUEST_RESUME_KEY, Fsctl.CREATE_OR_GET_OBJECT_ID]) {
    const { body } = await file.ioctl({ ctlCode }, ANY);
    if (body !== null) decodeFsctlOutput(ctlCode, body.output);
  }
  await tree.disconnect(ANY);
  await session.logoff(ANY);
});

const directories = unsigned(async ({ connection, tree, nudge, pending }) => {
  const root = await tree.create("", {
    desiredAccess: ALL_ACCESS,
    createOptions: DIRECTORY_FILE,
  });
  const { body: listing } = await root.queryDirectory({}, ANY);
  if (listing !== null) decodeDirectory(37, listing.output);
  const watching = root.notify({}, ANY);
  pending.push(watching.catch(() => {}));
  await connection.echo(ANY);
  await nudge("change");
  await connection.echo(ANY);
  const { body: changes } = await watching;
  if (changes !== null) decodeNotify(changes.output);
  const chain = tree.compound({ related: true });
  const parts = [
    chain.create("file", { desiredAccess: ALL_ACCESS, createDisposition: OPEN_IF }),
    chain.file.queryInfo({ fileInfoClass: 4 }, ANY),
    chain.file.close(ANY),
  ];
  pending.push(...parts.map((part) => part.catch(() => {})));
  chain.send();
  await Promise.all(parts);
  const abort = new AbortController();
  const cancelled = root.notify({}, { ...ANY, signal: abort.signal });
  pending.push(cancelled.catch(() => {}));
  await connection.echo(ANY);
  abort.abort();
  await cancelled;
  await root.close(ANY);
});

/** A login with signatures, and a few requests under them. */
function signed(dialects: readonly number[], smb1 = false): Conversation {
  return async (transport) => {
    const connection = client(transport);
    try {
      await connection.negotiate({ dialects, smb1 });
      const { tree } = await connected(connection, "required");
      const file = await tree.create("file", {
        desiredAccess: ALL_ACCESS,
        createDisposition: OPEN_IF,
      });
      await file.write(0, new Uint8Array(16), ANY);
      await file.read(0, 16, ANY);
      await file.close(ANY);
    } finally {
      connection.close();
      await connection.disconnected;
    }
  };
}

/** Frames that the server sent after so many frames of the client. */
type Recording = readonly (readonly Uint8Array[])[];

/** Passes everything on, and keeps the server's frames. */
class Tape implements Transport {
  readonly turns: Uint8Array[][] = [[]];
  readonly #inner: Transport;
  readonly #requests = new FrameDecoder();
  readonly #answers = new FrameDecoder();

  constructor(inner: Transport) {
    this.#inner = inner;
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
      for (const { payload } of this.#answers.push(into.slice(0, count))) {
        this.turns.at(-1)?.push(payload.slice());
      }
    }
    return count;
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    for (const chunk of chunks) {
      for (const _ of this.#requests.push(chunk.slice())) this.turns.push([]);
    }
    return this.#inner.write(chunks);
  }

  close(): void {
    this.#inner.close();
  }
}

/** Lets everything that is ready happen. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Records a conversation with the embedded server. */
async function record(conversation: Conversation): Promise<Recording> {
  const server = new ServerHost({
    shares: [{ name: "share" }],
    users: [{ ...ACCOUNT, name: "alice" }],
  });
  const serve = () => {
    const [ours, theirs] = transportPair();
    server.serve(theirs);
    return ours;
  };
  const tape = new Tape(serve());
  const other = Connection.connect(serve());
  await other.negotiate();
  const session = await other.session(ntlmAuthenticator(ACCOUNT));
  const tree = await session.tree("\\\\server\\share");
  await conversation(tape, async (what) => {
    if (what === "break") await (await tree.create("file")).close();
    else {await (await tree.create("new", {
        createDisposition: OPEN_IF,
        desiredAccess: ALL_ACCESS,
      })).close();}
    await settled();
  });
  other.close();
  await server.close();
  return tape.turns;
}

/** What the server sends in place of a frame: bytes of the stream, headers included. */
type Lie = (frame: Uint8Array) => Uint8Array[];

function framed(payload: Uint8Array): Uint8Array[] {
  return [frameHeader(payload.length), payload];
}

/** Plays the server's part of a recording; one frame is told otherwise. */
async function replayTo(server: Transport, recording: Recording, how: {
  readonly turn: number;
  readonly index: number;
  readonly lie: Lie;
  /** Whether the connection ends right behind the lie. */
  readonly ends: boolean;
}): Promise<void> {
  const requests = new FrameDecoder();
  const buffer = new Uint8Array(64 * 1024);
  let turn = 0;
  const say = async (): Promise<boolean> => {
    for (const [index, frame] of (recording[turn] ?? []).entries()) {
      const lies = turn === how.turn && index === how.index;
      await server.write(lies ? how.lie(frame) : framed(frame));
      if (lies && how.ends) return false;
    }
    return true;
  };
  // Once the lie is told the client may wait for what never comes: when it has nothing more to say, it is over.
  const hangUpWhenIdle = async (seen: number) => {
    await settled();
    if (turn === seen) server.close();
  };
  try {
    if (!await say()) return;
    for (let count = await server.read(buffer); count !== null; count = await server.read(buffer)) {
      for (const _ of requests.push(buffer.slice(0, count))) {
        turn++;
        if (!await say()) return;
      }
      if (turn >= how.turn) void hangUpWhenIdle(turn);
    }
  } catch (error) {
    // The client hung up first.
    if (!(error instanceof TransportError)) throw error;
  } finally {
    server.close();
  }
}

/** How rounds ended, by the error's name. */
type Tally = Map<string, number>;

/** Whether an error blames the server (or is its refusal, or the end of the connection). */
function isFair(error: unknown): boolean {
  return error instanceof WireError || error instanceof StatusError ||
    error instanceof SecurityError ||
    (error instanceof ProtocolError && error.side === "remote") ||
    (error instanceof TransportError && error.reason === "closed");
}

async function round(
  conversation: Conversation,
  recording: Recording,
  how: Parameters<typeof replayTo>[2] & { readonly about: string; readonly tally: Tally },
): Promise<void> {
  const [ours, theirs] = transportPair();
  const serving = replayTo(theirs, recording, how);
  let outcome = "reply";
  try {
    await conversation(ours, () => Promise.resolve());
  } catch (error) {
    if (!isFair(error)) {
      throw new Error(`Cannot blame the server for ${how.about}, turn ${how.turn}`, {
        cause: error,
      });
    }
    outcome = (error as Error).name;
  }
  await serving;
  how.tally.set(outcome, (how.tally.get(outcome) ?? 0) + 1);
}

/** Fails instead of hanging. */
async function withinTime<T>(work: Promise<T>, about: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Cannot end: ${about()} hangs`)), HANG_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Every place of a frame in a recording. */
function places(recording: Recording): { turn: number; index: number; length: number }[] {
  return recording.flatMap((frames, turn) =>
    frames.map((frame, index) => ({ turn, index, length: frame.length }))
  );
}

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** Changes a frame: bits, bytes, numbers, lengths, order. */
function mutate(frame: Uint8Array, dice: Dice): Uint8Array[] {
  const bytes = frame.slice();
  const at = dice.below(bytes.length);
  switch (dice.below(10)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
      return framed(bytes);
    case 1:
    case 2:
      for (let i = dice.below(4); i >= 0; i--) bytes[dice.below(bytes.length)] = dice.byte();
      return framed(bytes);
    case 3:
    case 4: {
      // A field of 2 or 4 bytes at an extreme, where fields lie.
      const value = EXTREMES[dice.below(EXTREMES.length)] ?? 0;
      const view = new DataView(bytes.buffer);
      const start = Math.min(at & ~1, bytes.length - 4);
      if (dice.below(2) === 0) view.setUint16(start, value & 0xffff, true);
      else view.setUint32(start, value, true);
      return framed(bytes);
    }
    case 5: {
      const length = dice.below(32);
      bytes.fill(dice.byte(), at, at + length);
      return framed(bytes);
    }
    case 6:
      return framed(
        Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + dice.below(16))]),
      );
    case 7: {
      const more = Uint8Array.from({ length: 1 + dice.below(64) }, () => dice.byte());
      return framed(Uint8Array.from([...bytes.subarray(0, at), ...more, ...bytes.subarray(at)]));
    }
    case 8:
      return dice.below(2) === 0
        ? [...framed(bytes), ...framed(bytes)]
        : framed(Uint8Array.from([...bytes, ...bytes.subarray(at)]));
    default: {
      // The stream's own header: another type, or another length.
      const header = frameHeader(bytes.length);
      header[dice.below(4)] = dice.byte();
      return [header, bytes];
    }
  }
}

/** The turn behind NEGOTIATE, two SESSION_SETUPs and TREE_CONNECT. */
const LOGGED_IN = 5;

const CONVERSATIONS: Readonly<
  Record<string, { talk: Conversation; share: number; cutFrom: number }>
> = {
  "files and a break": { talk: files, share: 0.25, cutFrom: 0 },
  "information and FSCTLs": { talk: information, share: 0.25, cutFrom: LOGGED_IN },
  "directories, notifications, compounds": {
    talk: directories,
    share: 0.25,
    cutFrom: LOGGED_IN,
  },
  "signed 3.1.1": { talk: signed([0x0311]), share: 0.1, cutFrom: 0 },
  "signed 3.0.2, validated": { talk: signed([0x0302]), share: 0.1, cutFrom: 0 },
  "signed 2.0.2 after SMB1": { talk: signed([0x0202], true), share: 0.05, cutFrom: 0 },
};

/** The lies about one conversation: none, every cut, and random ones. */
async function lies(t: Deno.TestContext, how: {
  readonly talk: Conversation;
  readonly recording: Recording;
  readonly mutations: number;
  /** The first turn that is cut: the login is the same in several conversations. */
  readonly cutFrom: number;
}): Promise<void> {
  const { talk, recording, mutations, cutFrom } = how;
  const all = places(recording);
  const honest: Tally = new Map();
  let about = "the recording";
  const before = Deno.memoryUsage().heapUsed;

  await t.step("the recording itself ends well", async () => {
    const how = { turn: -1, index: 0, lie: framed, ends: false, about, tally: honest };
    await withinTime(round(talk, recording, how), () => about);
    assertEquals([...honest], [["reply", 1]]);
  });

  await t.step("cut at every length", async () => {
    const tally: Tally = new Map();
    const work = async () => {
      for (const { turn, index, length } of all.filter(({ turn }) => turn >= cutFrom)) {
        for (let cut = 0; cut < length; cut++) {
          about = `frame ${index} cut to ${cut} of ${length} bytes`;
          // By turns a short frame, and a stream that ends within a frame.
          const lie: Lie = cut % 2 === 0
            ? (frame) => framed(frame.subarray(0, cut))
            : (frame) => [frameHeader(length), frame.subarray(0, cut)];
          const ends = cut % 2 === 1 || cut % 4 === 0;
          await round(talk, recording, { turn, index, lie, ends, about, tally });
        }
      }
    };
    await withinTime(work(), () => about);
    assert((tally.get("WireError") ?? 0) > 0);
  });

  await t.step(`${mutations} mutations`, async () => {
    const tally: Tally = new Map();
    const work = async () => {
      for (let seed = 1; seed <= mutations; seed++) {
        const dice = new Dice(seed);
        const place = all[dice.below(all.length)];
        if (place === undefined) continue;
        about = `mutation ${seed}`;
        const lie: Lie = (frame) => mutate(frame, dice);
        await round(talk, recording, { ...place, lie, ends: seed % 2 === 0, about, tally });
      }
    };
    await withinTime(work(), () => about);
    assert((tally.get("WireError") ?? 0) > 0 && (tally.get("ProtocolError") ?? 0) > 0);
  });

  const grown = Deno.memoryUsage().heapUsed - before;
  assert(grown < MAX_GROWTH, `the heap grew by ${grown} bytes`);
}

for (const [name, { talk, share, cutFrom }] of Object.entries(CONVERSATIONS)) {
  Deno.test(`a hostile server reaches errors that blame it, and nothing else: ${name}`, async (t) => {
    await lies(t, { talk, recording: await record(talk), mutations: MUTATIONS * share, cutFrom });
  });
}

interopTest(
  "a hostile server reaches errors that blame it, and nothing else: encrypted, as recorded with Samba",
  {
    needs: ["smbd"],
  },
  async (t) => {
    await using smbd = await startSmbd();
    const talk: Conversation = async (transport) => {
      const connection = client(transport);
      try {
        await connection.negotiate();
        const authenticator = account({ user: smbd.user, password: smbd.password });
        const session = await connection.session(authenticator);
        const tree = await session.tree("\\\\127.0.0.1\\enc");
        const file = await tree.create("file", {
          desiredAccess: ALL_ACCESS,
          createDisposition: OPEN_IF,
        });
        await file.write(0, new Uint8Array(16), ANY);
        await file.read(0, 16, ANY);
        await file.close(ANY);
      } finally {
        connection.close();
        await connection.disconnected;
      }
    };
    const tape = new Tape(await connectTcp({ hostname: smbd.host, port: smbd.port }));
    await talk(tape, () => Promise.resolve());
    const sealed = tape.turns.flat().filter(([first]) => first === 0xfd);
    assert(sealed.length >= 4);
    await lies(t, { talk, recording: tape.turns, mutations: 500, cutFrom: LOGGED_IN - 1 });
  },
);
