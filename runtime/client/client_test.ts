import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  answer,
  breakFrame,
  createResponseBody,
  frameOf,
  negotiateBody,
  pend,
  refuse,
  type SeenRequest,
  serve,
} from "../../tests/harness/scripted_server.ts";
import { transportPair } from "../transport/mod.ts";
import { type Message, type ResponseBodies, Status } from "../wire/mod.ts";
import {
  type BreakEvent,
  Connection,
  type ConnectionOptions,
  type Open,
  ProtocolError,
  StatusError,
  TransportError,
  type Tree,
} from "./mod.ts";

const KEY = new Uint8Array(16).fill(5);
const GUEST = {
  mechanism: "none",
  user: "guest",
  start: () => ({
    step: () => Promise.resolve({ token: new Uint8Array(1), done: false, sessionKey: null }),
  }),
};

type Respond = (request: SeenRequest) => readonly Uint8Array[] | null;

/** One file of a server in memory, and whatever else a test wants (`respond`; null: the default). */
class Server implements AsyncDisposable {
  readonly seen: Message[] = [];
  file = new Uint8Array(0);
  respond: Respond = () => null;
  readonly connection: Connection;
  readonly #done: Promise<void>;
  readonly #push: (frame: Uint8Array) => Promise<void>;
  readonly #end: () => void;

  constructor(options: ConnectionOptions = {}) {
    const [here, there] = transportPair();
    this.connection = Connection.connect(here, options);
    this.#push = (frame) => there.write([frame]);
    this.#end = () => there.close();
    this.#done = serve(there, (request) => {
      this.seen.push(request.message);
      return this.respond(request) ?? [this.#answer(request)];
    });
  }

  /** Sends what nobody asked for. */
  push(frame: Uint8Array): Promise<void> {
    return this.#push(frame);
  }

  hangUp(): void {
    this.#end();
  }

  async login(): Promise<Tree> {
    await this.connection.negotiate({ dialects: [0x0210] });
    const session = await this.connection.session(GUEST);
    return session.tree("\\\\s\\share");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.close();
    await this.connection.disconnected;
    await this.#done;
  }

  #answer(request: SeenRequest): Uint8Array {
    const { message } = request;
    const credits = { credits: 20 };
    switch (message.command) {
      case "NEGOTIATE":
        return frameOf([answer<"NEGOTIATE">(request, negotiateBody(0x0210), credits)]);
      case "SESSION_SETUP": {
        const body = { sessionFlags: 1, securityBuffer: new Uint8Array(0) };
        return frameOf([answer<"SESSION_SETUP">(request, body, { sessionId: 7n })]);
      }
      case "TREE_CONNECT": {
        const body = { shareType: 1, shareFlags: 0, capabilities: 0, maximalAccess: 0 };
        return frameOf([answer<"TREE_CONNECT">(request, body, { treeId: 3 })]);
      }
      case "CREATE": {
        const { contexts, requestedOplockLevel: oplockLevel } = message.body;
        const lease = contexts.filter((context) => context.kind === "RqLs");
        return frameOf([
          answer<"CREATE">(request, createResponseBody({ oplockLevel, contexts: lease })),
        ]);
      }
      case "READ": {
        const { offset, length } = message.body;
        const data = this.file.slice(Number(offset), Number(offset) + length);
        if (data.byteLength === 0) return frameOf([refuse(request, Status.END_OF_FILE)]);
        return frameOf([answer<"READ">(request, { data, dataRemaining: 0, flags: 0 })]);
      }
      case "WRITE": {
        const { offset, data } = message.body;
        this.file.set(data, Number(offset));
        return frameOf([
          answer<"WRITE">(request, {
            reserved: 0,
            count: data.byteLength,
            remaining: 0,
            channelInfo: new Uint8Array(0),
          }),
        ]);
      }
      case "QUERY_INFO": {
        const output = new Uint8Array(24);
        new DataView(output.buffer).setBigUint64(8, BigInt(this.file.byteLength), true);
        return frameOf([answer<"QUERY_INFO">(request, { output })]);
      }
      case "ECHO":
        return frameOf([answer<"ECHO">(request, { reserved: 0 })]);
      case "CLOSE":
        return frameOf([answer<"CLOSE">(request, closeBody())]);
      case "OPLOCK_BREAK":
        return frameOf([answer<"OPLOCK_BREAK">(request, message.body)]);
      case "CANCEL":
        return new Uint8Array(0);
      default:
        return frameOf([refuse(request, Status.NOT_SUPPORTED)]);
    }
  }
}

function closeBody(): ResponseBodies["CLOSE"] {
  return {
    flags: 0,
    reserved: 0,
    creationTime: 0n,
    lastAccessTime: 0n,
    lastWriteTime: 0n,
    changeTime: 0n,
    allocationSize: 0n,
    endOfFile: 0n,
    fileAttributes: 0,
  };
}

function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
}

function leaseBreak(from: number, to: number, flags = 1): Uint8Array {
  return breakFrame({
    kind: "leaseNotification",
    newEpoch: 0,
    flags,
    leaseKey: KEY,
    currentLeaseState: from,
    newLeaseState: to,
    breakReason: 0,
    accessMaskHint: 0,
    shareMaskHint: 0,
  });
}

function openLeased(tree: Tree): Promise<Open> {
  return tree.create("f", { lease: { key: KEY, state: 7, version: 1 } });
}

Deno.test("requests that are not awaited leave in call order, whatever they are", async () => {
  await using server = new Server();
  const tree = await server.login();
  const open = await tree.create("f");
  server.file = pattern(10);
  server.seen.length = 0;
  await Promise.all([
    open.read(0, 1),
    open.write(1, pattern(1)),
    server.connection.echo(),
    open.queryInfo({ fileInfoClass: 5 }),
    open.close(),
  ]);
  assertEquals(server.seen.map((message) => message.kind === "request" && message.command), [
    "READ",
    "WRITE",
    "ECHO",
    "QUERY_INFO",
    "CLOSE",
  ]);
});

Deno.test("a status is an error, unless the caller accepts it", async () => {
  await using server = new Server();
  const tree = await server.login();
  const open = await tree.create("dir\\f");
  const error = await assertRejects(() => open.read(0, 1), StatusError);
  assertEquals([error.command, error.status, error.path], ["READ", Status.END_OF_FILE, "dir\\f"]);
  assertEquals(error.message, 'Cannot READ "dir\\\\f": END_OF_FILE');
  assertEquals(error.reply.error?.contextCount, 0);
  const accepted = await open.read(0, 1, { accept: [Status.END_OF_FILE] });
  assertEquals([accepted.status, accepted.body], [Status.END_OF_FILE, null]);
  assertEquals((await open.flush({ accept: "any" })).status, Status.NOT_SUPPORTED);
  await assertRejects(() => open.flush({ accept: [Status.END_OF_FILE] }), StatusError);
});

Deno.test("a warning with data is no error", async () => {
  await using server = new Server();
  const tree = await server.login();
  const open = await tree.create("f");
  server.respond = (request) => {
    if (request.message.command !== "QUERY_INFO") return null;
    const output = new Uint8Array(4);
    return [
      frameOf([answer<"QUERY_INFO">(request, { output }, { status: Status.BUFFER_OVERFLOW })]),
    ];
  };
  const reply = await open.queryInfo({ fileInfoClass: 18 });
  assertEquals([reply.status, reply.body.output.byteLength], [Status.BUFFER_OVERFLOW, 4]);
});

Deno.test("a reply tells times, sizes and ids", async () => {
  let clock = 100;
  await using server = new Server({ now: () => clock++ });
  const tree = await server.login();
  const open = await tree.create("f");
  server.respond = (request) => {
    if (request.message.command !== "CHANGE_NOTIFY") return null;
    const output = new Uint8Array(12);
    return [
      frameOf([pend(request, 9n)]),
      frameOf([answer<"CHANGE_NOTIFY">(request, { output }, { asyncId: 9n, flags: 2 })]),
    ];
  };
  const reply = await open.notify();
  const { sentAt, interimAt = 0, receivedAt } = reply;
  assert(sentAt < interimAt && interimAt <= receivedAt);
  assertEquals([reply.asyncId, reply.bytesSent, reply.bytesReceived], [9n, 64 + 32, 64 + 8 + 12]);
});

Deno.test("aborting cancels: CANCEL goes out, and the answer settles the promise", async () => {
  await using server = new Server();
  const tree = await server.login();
  const open = await tree.create("f");
  let waiting: SeenRequest | null = null;
  server.respond = (request) => {
    if (request.message.command === "CHANGE_NOTIFY") {
      waiting = request;
      return [];
    }
    if (request.message.command !== "CANCEL" || waiting === null) return null;
    return [frameOf([refuse(waiting, Status.CANCELLED)])];
  };
  const controller = new AbortController();
  const cancelled = open.notify({}, { signal: controller.signal });
  await server.connection.echo();
  controller.abort();
  assertEquals((await assertRejects(() => cancelled, StatusError)).statusName, "CANCELLED");
  // A signal that is aborted before has the same effect.
  const early = open.notify({}, { signal: AbortSignal.abort(), accept: "any" });
  assertEquals((await early).status, Status.CANCELLED);
  // Nothing is left to cancel once the answer is there.
  const before = server.seen.length;
  const late = new AbortController();
  await server.connection.echo({ signal: late.signal });
  late.abort();
  await server.connection.echo();
  assertEquals(server.seen.length, before + 2);
});

Deno.test("a request that waits for credits and is aborted is never sent", async () => {
  await using server = new Server({ credits: 1 });
  server.respond = (request) => {
    const { command } = request.message;
    return command === "ECHO" ? [] : null;
  };
  await server.connection.negotiate({ dialects: [0x0210] });
  const echoes: Promise<unknown>[] = [];
  while (server.connection.credits > 0) echoes.push(server.connection.echo());
  const controller = new AbortController();
  const waiting = server.connection.echo({ signal: controller.signal });
  const reason = new Error("Enough");
  controller.abort(reason);
  assertEquals(await waiting.catch((error: unknown) => error), reason);
  const ends = Promise.allSettled(echoes);
  server.connection.close();
  assertEquals((await ends).every(({ status }) => status === "rejected"), true);
});

Deno.test("the interim response is told at once, also to a request that waited for credits", async () => {
  await using server = new Server();
  await server.login();
  const told: string[] = [];
  const held: SeenRequest[] = [];
  server.respond = (request) => {
    held.push(request);
    return [frameOf([pend(request, BigInt(held.length), { credits: 0 })])];
  };
  const { connection } = server;
  // All credits but one go to a single charge, so that the last echo waits.
  const charge = connection.credits;
  const names = ["first", "second"];
  const echoes = names.map((name) =>
    connection.echo({ creditCharge: charge, onInterim: () => void told.push(name) })
  );
  while (told.length < 1) await Promise.resolve();
  assertEquals([told, held.length], [["first"], 1]);
  const [first] = held as [SeenRequest];
  await server.push(frameOf([answer<"ECHO">(first, { reserved: 0 }, { credits: charge })]));
  while (told.length < 2) await Promise.resolve();
  assertEquals(told, ["first", "second"]);
  await server.push(frameOf([answer<"ECHO">(held[1] as SeenRequest, { reserved: 0 })]));
  assertEquals((await Promise.all(echoes)).length, 2);
});

Deno.test("a timeout rejects, cancels, and leaves the connection usable", async () => {
  await using server = new Server();
  const tree = await server.login();
  const open = await tree.create("f");
  let waiting: SeenRequest | null = null;
  server.respond = (request) => {
    if (request.message.command === "CHANGE_NOTIFY") {
      waiting = request;
      return [];
    }
    if (request.message.command !== "CANCEL" || waiting === null) return null;
    return [frameOf([refuse(waiting, Status.CANCELLED)])];
  };
  const error = await assertRejects(() => open.notify({}, { timeout: 1 }), TransportError);
  assertEquals(error.reason, "timed out");
  await server.connection.echo();
});

Deno.test("a lease break is acknowledged at once, before its promise is looked at", async () => {
  const order: string[] = [];
  await using server = new Server({
    observer: {
      sent: (message) => void order.push(message.kind === "request" ? message.command : ""),
      broke: () => void order.push("broke"),
    },
  });
  const tree = await server.login();
  const open = await openLeased(tree);
  order.length = 0;
  const broken = open.nextBreak().then((event) => {
    order.push("seen");
    return event;
  });
  await server.push(leaseBreak(7, 3));
  const event = await broken;
  assertEquals(order, ["broke", "OPLOCK_BREAK", "seen"]);
  assertEquals([event.from, event.to, open.leaseState], [7, 3, 3]);
  assertEquals((await event.acknowledged)?.status, Status.SUCCESS);
});

Deno.test("a break without ACK_REQUIRED is not acknowledged", async () => {
  await using server = new Server();
  const open = await openLeased(await server.login());
  await server.push(leaseBreak(1, 0, 0));
  const event = await open.nextBreak();
  assertEquals(await event.acknowledged, null);
  await server.connection.echo();
  const commands = server.seen.map(({ header }) => header.command);
  assert(!commands.includes(0x12));
});

Deno.test("the policy of an open goes before that of the connection", async () => {
  await using server = new Server();
  const open = await openLeased(await server.login());
  const asked: string[] = [];
  server.connection.onBreak = () => {
    asked.push("connection");
    return "never";
  };
  await server.push(leaseBreak(7, 3));
  assertEquals(await (await open.nextBreak()).acknowledged, null);
  open.onBreak = () => {
    asked.push("open");
    return { state: 0 };
  };
  await server.push(leaseBreak(7, 3));
  const event = await open.nextBreak();
  await event.acknowledged;
  assertEquals(asked, ["connection", "open"]);
  assertEquals(open.leaseState, 0);
});

Deno.test("a deferred acknowledgement is sent when asked for, once", async () => {
  await using server = new Server();
  const open = await openLeased(await server.login());
  open.onBreak = () => "defer";
  await server.push(leaseBreak(7, 3));
  const event = await open.nextBreak();
  await server.connection.echo();
  const before = server.seen.length;
  event.acknowledge();
  event.acknowledge();
  await event.acknowledged;
  await server.connection.echo();
  assertEquals(server.seen.length, before + 2);
});

Deno.test("breaks that arrive before anybody asks are kept in order", async () => {
  await using server = new Server();
  const open = await openLeased(await server.login());
  await server.push(leaseBreak(7, 3));
  await server.push(leaseBreak(3, 0));
  await server.connection.echo();
  const events = [await open.nextBreak(), await open.nextBreak()];
  assertEquals(events.map(({ to }: BreakEvent) => to), [3, 0]);
});

Deno.test("waiting for a break ends with the open and with the connection", async () => {
  await using server = new Server();
  const tree = await server.login();
  const open = await openLeased(tree);
  const closing = open.nextBreak();
  await open.close();
  assertInstanceOf(await closing.catch((error: unknown) => error), ProtocolError);
  await assertRejects(() => open.nextBreak(), ProtocolError);

  const other = await openLeased(tree);
  other.onBreak = () => "defer";
  await server.push(leaseBreak(7, 3));
  const event = await other.nextBreak();
  const lost = other.nextBreak();
  server.hangUp();
  assertInstanceOf(await lost.catch((error: unknown) => error), TransportError);
  assertEquals(await event.acknowledged, null);
});

Deno.test("an open that a chain or LOGOFF closes is closed for whoever waits, too", async () => {
  await using server = new Server();
  const tree = await server.login();
  const open = await openLeased(tree);
  const waiting = open.nextBreak();
  const chain = tree.compound();
  const closed = chain.on(open).close();
  chain.send();
  await closed;
  assertInstanceOf(await waiting.catch((error: unknown) => error), ProtocolError);

  const second = await openLeased(tree);
  server.respond = (request) => {
    if (request.message.command !== "LOGOFF") return null;
    return [frameOf([answer<"LOGOFF">(request, { reserved: 0 })])];
  };
  await tree.session.logoff();
  assert(second.isClosed);
  await assertRejects(() => second.nextBreak(), ProtocolError);
});

Deno.test("the end of the connection rejects everything once, and settles disconnected", async () => {
  await using server = new Server();
  const tree = await server.login();
  const open = await tree.create("f");
  server.respond = () => [];
  const waits = [open.read(0, 1), server.connection.echo(), tree.create("g"), tree.disconnect()];
  const outcomes = Promise.allSettled(waits);
  server.hangUp();
  for (const outcome of await outcomes) {
    assert(outcome.status === "rejected");
    assertInstanceOf(outcome.reason, TransportError);
    assertEquals(outcome.reason.reason, "closed");
  }
  assertInstanceOf(await server.connection.disconnected, TransportError);
  await assertRejects(() => open.read(0, 1), TransportError);
});

Deno.test("close ends the connection on purpose", async () => {
  await using server = new Server();
  const tree = await server.login();
  server.respond = () => [];
  const waiting = tree.create("f");
  server.connection.close();
  assertInstanceOf(await waiting.catch((error: unknown) => error), TransportError);
  assertEquals(await server.connection.disconnected, null);
  await assertRejects(() => server.connection.echo(), TransportError);
  assertEquals(server.connection.phase, "closed");
});

Deno.test("a failing authenticator fails the session with its own error", async () => {
  await using server = new Server();
  await server.connection.negotiate({ dialects: [0x0210] });
  const broken = new Error("No ticket");
  const authenticator = { ...GUEST, start: () => ({ step: () => Promise.reject(broken) }) };
  const error = await server.connection.session(authenticator).catch((error: unknown) => error);
  assertEquals(error, broken);
  await server.connection.session(GUEST);
});

Deno.test("negotiating twice is the caller's fault", async () => {
  await using server = new Server();
  await server.connection.negotiate({ dialects: [0x0210] });
  const error = await assertRejects(() => server.connection.negotiate(), ProtocolError);
  assertEquals(error.side, "local");
});

Deno.test("a chain leaves in one frame; its opens are known before its promises settle", async () => {
  await using server = new Server();
  const tree = await server.login();
  server.file = pattern(10);
  const chain = tree.compound({ related: true });
  const opened = chain.create("f");
  const data = chain.file.read(0, 10);
  const closed = chain.file.close();
  chain.send();
  const open = await opened;
  assertEquals((await data).body.data, pattern(10));
  await closed;
  assert(open.isClosed);
  assertThrows(() => chain.send(), ProtocolError);
  assertThrows(() => tree.compound().send(), ProtocolError);
  const last = server.seen.slice(-3).map(({ header }) => header.flags & 4);
  assertEquals(last, [0, 4, 4]);
});

Deno.test("readAll splits by the limit of the server and stops at the end of the file", async () => {
  await using server = new Server();
  const open = await (await server.login()).create("f");
  for (const size of [0, 1, 65535, 65536, 65537, 300_000]) {
    server.file = pattern(size);
    server.seen.length = 0;
    const data = await open.readAll({ inFlight: 3 });
    assertEquals(data.byteLength, size);
    assert(data.every((byte, i) => byte === server.file[i]));
    for (const message of server.seen) {
      if (message.kind !== "request" || message.command !== "READ") continue;
      assert(message.body.length <= 65536);
    }
  }
  server.file = pattern(1000);
  assertEquals(await open.readAll({ offset: 10, length: 20 }), pattern(1000).slice(10, 30));
  server.seen.length = 0;
  const rest = await open.readAll({ offset: 10, length: 1_000_000, chunkSize: 100, inFlight: 2 });
  assertEquals(rest, pattern(1000).slice(10));
  // Ten pieces, and no more past the end than were in flight.
  assert(server.seen.length <= 13, `${server.seen.length} requests`);
});

Deno.test("writeAll splits, and goes on where the server took less", async () => {
  await using server = new Server();
  const open = await (await server.login()).create("f");
  server.file = new Uint8Array(200_000);
  await open.writeAll(pattern(200_000));
  assertEquals(server.file, pattern(200_000));

  server.file = new Uint8Array(1000);
  server.respond = (request) => {
    const { message } = request;
    if (message.command !== "WRITE") return null;
    const count = Math.min(300, message.body.data.byteLength);
    server.file.set(message.body.data.subarray(0, count), Number(message.body.offset));
    const body = { reserved: 0, count, remaining: 0, channelInfo: new Uint8Array(0) };
    return [frameOf([answer<"WRITE">(request, body)])];
  };
  await open.writeAll(pattern(990), { offset: 10 });
  assertEquals(server.file.slice(10), pattern(990));
});

Deno.test("a failing piece of a transfer rejects it", async () => {
  await using server = new Server();
  const open = await (await server.login()).create("f");
  server.file = pattern(300_000);
  let reads = 0;
  server.respond = (request) => {
    if (request.message.command !== "READ" || ++reads !== 3) return null;
    return [frameOf([refuse(request, Status.ACCESS_DENIED)])];
  };
  const error = await assertRejects(() => open.readAll(), StatusError);
  assertEquals(error.statusName, "ACCESS_DENIED");
});

Deno.test("raw messages carry what the caller says", async () => {
  await using server = new Server();
  await server.login();
  server.seen.length = 0;
  const [reply] = server.connection.send([{
    command: "ECHO",
    body: { reserved: 0 },
    override: { treeId: 77, sessionId: 88n },
    accept: "any",
  }]);
  assertEquals((await reply)?.status, Status.SUCCESS);
  const [{ header }] = server.seen as [Message];
  assertEquals([header.treeId, header.sessionId], [77, 88n]);
});
