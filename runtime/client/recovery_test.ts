import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  answer,
  createResponseBody,
  frameOf,
  negotiateBody,
  refuse,
  type SeenRequest,
  serve,
} from "../../tests/harness/scripted_server.ts";
import { transportPair } from "../transport/mod.ts";
import {
  type CommandName,
  type CreateRequestContext,
  type CreateResponseContext,
  HeaderFlags,
  type Message,
  type RequestBodies,
  Status,
} from "../wire/mod.ts";
import {
  type Authenticator,
  Connection,
  LeaseTable,
  ProtocolError,
  StatusError,
  TransportError,
  type Tree,
} from "./mod.ts";

const KEY = new Uint8Array(16).fill(5);
const GUID = "00112233-4455-6677-8899-aabbccddeeff";

/** A guest: no keys, so that the server needs none. */
function guest(step?: () => void): Authenticator {
  return {
    mechanism: "none",
    user: "guest",
    start: () => ({
      step() {
        step?.();
        return Promise.resolve({ token: new Uint8Array(1), done: false, sessionKey: null });
      },
    }),
  };
}

/** A server of one connection that grants what is asked for, or does what a test wants. */
class Server implements AsyncDisposable {
  readonly connection: Connection;
  readonly seen: Message[] = [];
  respond: (request: SeenRequest) => Uint8Array | null = () => null;
  readonly #done: Promise<void>;

  constructor(options: { readonly leases?: LeaseTable } = {}) {
    const [here, there] = transportPair();
    this.connection = Connection.connect(here, options);
    this.#done = serve(there, (request) => {
      this.seen.push(request.message);
      const frame = this.respond(request) ?? this.#answer(request);
      return frame.byteLength === 0 ? [] : [frame];
    });
  }

  async login(options: Parameters<Connection["session"]>[1] = {}, dialect = 0x0302): Promise<Tree> {
    await this.connection.negotiate({ dialects: [dialect] });
    const session = await this.connection.session(guest(), options);
    return session.tree("\\\\s\\share");
  }

  commands(): CommandName[] {
    return this.seen.flatMap((message) => message.kind === "request" ? [message.command] : []);
  }

  /** The last request of a command. */
  last<C extends CommandName>(command: C): { body: RequestBodies[C]; flags: number } {
    const found = this.seen.findLast((message) =>
      message.kind === "request" && message.command === command
    );
    assert(found?.kind === "request");
    return { body: found.body as RequestBodies[C], flags: found.header.flags };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.close();
    await this.connection.disconnected;
    await this.#done;
  }

  #answer(request: SeenRequest): Uint8Array {
    const { message } = request;
    switch (message.command) {
      case "NEGOTIATE": {
        const body = negotiateBody(message.body.dialects[0] ?? 0, { capabilities: 0x4f });
        return frameOf([answer<"NEGOTIATE">(request, body, { credits: 50 })]);
      }
      case "SESSION_SETUP": {
        const body = { sessionFlags: 1, securityBuffer: new Uint8Array(1) };
        return frameOf([answer<"SESSION_SETUP">(request, body, { sessionId: 7n })]);
      }
      case "TREE_CONNECT": {
        const body = { shareType: 1, shareFlags: 0, capabilities: 0, maximalAccess: 0 };
        return frameOf([answer<"TREE_CONNECT">(request, body, { treeId: 3 })]);
      }
      case "CREATE": {
        const { contexts, requestedOplockLevel: oplockLevel } = message.body;
        const isAgain = contexts.some(({ kind }) => kind === "DHnC" || kind === "DH2C");
        const fileId = { persistent: 1n, volatile: isAgain ? 3n : 2n };
        const granted = contexts.flatMap(grant);
        const body = createResponseBody({ fileId, oplockLevel, contexts: granted });
        return frameOf([answer<"CREATE">(request, body)]);
      }
      case "WRITE": {
        const body = {
          reserved: 0,
          count: message.body.data.byteLength,
          remaining: 0,
          channelInfo: new Uint8Array(0),
        };
        return frameOf([answer<"WRITE">(request, body)]);
      }
      case "IOCTL":
        return frameOf([
          answer<"IOCTL">(request, { ...message.body, output: new Uint8Array(0) }),
        ]);
      case "LOCK":
        return frameOf([answer<"LOCK">(request, { reserved: 0 })]);
      case "ECHO":
        return frameOf([answer<"ECHO">(request, { reserved: 0 })]);
      case "CANCEL":
        return new Uint8Array(0);
      default:
        return frameOf([refuse(request, Status.NOT_SUPPORTED)]);
    }
  }
}

/** What the server grants of a context. */
function grant(context: CreateRequestContext): CreateResponseContext[] {
  if (context.kind === "DHnQ") return [{ kind: "DHnQ", reserved: new Uint8Array(8) }];
  if (context.kind === "DH2Q") {
    return [{ kind: "DH2Q", timeout: 1000, flags: context.flags }];
  }
  if (context.kind !== "RqLs") return [];
  return context.version === 2 ? [{ ...context, epoch: context.epoch + 1 }] : [context];
}

Deno.test("an expired session is authenticated again once, and its requests are repeated", async () => {
  let authentications = 0;
  await using server = new Server();
  const tree = await server.login({ renewal: guest(() => authentications++) });
  const open = await tree.create("f");
  let isExpired = true;
  server.respond = (request) => {
    const { command } = request.message;
    if (command === "SESSION_SETUP") isExpired = false;
    if (!isExpired || command === "SESSION_SETUP") return null;
    return frameOf([refuse(request, Status.NETWORK_SESSION_EXPIRED)]);
  };
  server.seen.length = 0;
  const written = await Promise.all([
    open.write(0, new Uint8Array(3)),
    open.write(3, new Uint8Array(4)),
  ]);
  assertEquals(written.map(({ body }) => body.count), [3, 4]);
  assertEquals(server.commands(), ["WRITE", "WRITE", "SESSION_SETUP", "WRITE", "WRITE"]);
  // Its token, and that of the answer.
  assertEquals(authentications, 2);
});

Deno.test("a session that stays expired is authenticated again once for each request", async () => {
  await using server = new Server();
  const tree = await server.login({ renewal: guest() });
  const open = await tree.create("f");
  server.respond = (request) => {
    if (request.message.command === "SESSION_SETUP") return null;
    return frameOf([refuse(request, Status.NETWORK_SESSION_EXPIRED)]);
  };
  server.seen.length = 0;
  const error = await assertRejects(() => open.write(0, new Uint8Array(1)), StatusError);
  assertEquals(error.status, Status.NETWORK_SESSION_EXPIRED);
  assertEquals(server.commands(), ["WRITE", "SESSION_SETUP", "WRITE"]);
});

Deno.test("without a renewal, expiry is an error; with one that fails, its error counts", async () => {
  for (const renewal of [undefined, guest()]) {
    await using server = new Server();
    const tree = await server.login(renewal === undefined ? {} : { renewal });
    const open = await tree.create("f");
    server.respond = (request) => {
      const status = request.message.command === "SESSION_SETUP"
        ? Status.LOGON_FAILURE
        : Status.NETWORK_SESSION_EXPIRED;
      return frameOf([refuse(request, status)]);
    };
    const error = await assertRejects(() => open.write(0, new Uint8Array(1)), StatusError);
    assertEquals(
      error.status,
      renewal === undefined ? Status.NETWORK_SESSION_EXPIRED : Status.LOGON_FAILURE,
    );
  }
});

Deno.test("a durable open names itself by what it was made with", async () => {
  const cases = [
    { durable: { version: 1 }, dialect: 0x0210, expected: "durable", kind: "DHnC" },
    { durable: { createGuid: GUID }, dialect: 0x0302, expected: "durable2", kind: "DH2C" },
    {
      durable: { createGuid: GUID, persistent: true },
      dialect: 0x0302,
      expected: "persistent",
      kind: "DH2C",
    },
  ] as const;
  for (const { durable, dialect, expected, kind } of cases) {
    await using before = new Server();
    const open = await (await before.login({}, dialect)).create("dir\\f", {
      durable,
      desiredAccess: 0x0012019f,
    });
    assertEquals(open.durability, expected);
    before.connection.net.drop();
    await before.connection.disconnected;
    await using after = new Server();
    await open.reconnect(await after.login({}, dialect));
    const { body } = after.last("CREATE");
    assertEquals([body.name, body.desiredAccess], ["dir\\f", 0x0012019f]);
    const fileId = { persistent: 1n, volatile: 2n };
    assertEquals(
      body.contexts,
      kind === "DHnC"
        ? [{ kind, fileId }]
        : [{ kind, fileId, createGuid: GUID, flags: expected === "persistent" ? 2 : 0 }],
    );
    assertEquals([open.fileId.volatile, open.durability], [3n, expected]);
  }
});

Deno.test("a resilient open names itself by its file id, and numbers its locks", async () => {
  await using before = new Server();
  const open = await (await before.login({}, 0x0210)).create("f");
  await open.lock([{ offset: 0, length: 1, flags: 2 }]);
  assertEquals([before.last("LOCK").body.lockSequence, open.durability], [0, "none"]);
  await open.resilient(5000);
  const { ctlCode, input } = before.last("IOCTL").body;
  assertEquals([ctlCode, [...input]], [0x001401d4, [0x88, 0x13, 0, 0, 0, 0, 0, 0]]);
  assertEquals(open.durability, "resilient");
  await open.lock([{ offset: 0, length: 1, flags: 2 }]);
  await open.lock([{ offset: 0, length: 1, flags: 4 }]);
  assertEquals(before.last("LOCK").body.lockSequence, 0x11);
  await open.lock([{ offset: 0, length: 1, flags: 4 }], { lockSequence: 7 });
  assertEquals(before.last("LOCK").body.lockSequence, 7);
  before.connection.net.drop();
  await before.connection.disconnected;
  await using after = new Server();
  await open.reconnect(await after.login({}, 0x0210));
  assertEquals(after.last("CREATE").body.contexts.map(({ kind }) => kind), ["DHnC"]);
});

Deno.test("a lease is asked for again with the epoch that is known, parent and all", async () => {
  const leases = new LeaseTable();
  const parentKey = new Uint8Array(16).fill(9);
  await using before = new Server({ leases });
  const open = await (await before.login()).create("f", {
    lease: { key: KEY, state: 7, parentKey, epoch: 4 },
    durable: true,
  });
  assertEquals([open.leaseEpoch, open.parentLeaseKey], [5, parentKey]);
  before.connection.net.drop();
  await before.connection.disconnected;
  await using after = new Server({ leases });
  const tree = await after.login();
  await open.reconnect(tree);
  const again = after.last("CREATE").body.contexts.find(({ kind }) => kind === "RqLs");
  assert(again?.kind === "RqLs" && again.version === 2);
  assertEquals([again.leaseState, again.epoch, again.parentLeaseKey], [7, 5, parentKey]);
  assertEquals(open.leaseState, 7);
  // A further open of the same lease says what is known of it, too.
  await tree.create("f", { lease: { key: KEY, state: 7 } });
  const second = after.last("CREATE").body.contexts.find(({ kind }) => kind === "RqLs");
  assert(second?.kind === "RqLs" && second.version === 2);
  assertEquals(second.epoch, 6);
});

Deno.test("what was in flight goes out again to the new file id, marked, and in order", async () => {
  await using before = new Server();
  const open = await (await before.login()).create("f", { durable: true, resume: true });
  before.respond = () => new Uint8Array(0);
  const pending = [
    open.write(0, new Uint8Array(2)),
    open.lock([{ offset: 0, length: 1, flags: 2 }]),
    open.write(2, new Uint8Array(5)),
  ];
  before.connection.net.drop();
  await before.connection.disconnected;
  assertEquals([open.held, open.isClosed], [3, true]);
  await using after = new Server();
  const tree = await after.login();
  after.seen.length = 0;
  await open.reconnect(tree);
  assertEquals((await Promise.all(pending)).length, 3);
  assertEquals(after.commands(), ["CREATE", "WRITE", "LOCK", "WRITE"]);
  const { body, flags } = after.last("WRITE");
  assertEquals([body.fileId.volatile, body.offset], [3n, 2n]);
  assert((flags & HeaderFlags.REPLAY_OPERATION) !== 0);
  // Multichannel servers know repetitions of a LOCK by its number (MS-SMB2 3.2.4.19).
  assertEquals(after.last("LOCK").body.lockSequence, 0x10);
});

Deno.test("what waits for a reconnection is rejected when it fails, or is given up", async () => {
  for (const how of ["fails", "given up"] as const) {
    await using before = new Server();
    const open = await (await before.login()).create("f", { durable: true, resume: true });
    before.respond = () => new Uint8Array(0);
    const waiting = open.write(0, new Uint8Array(1));
    waiting.catch(() => {});
    before.connection.net.drop();
    await before.connection.disconnected;
    if (how === "given up") {
      open.giveUp();
      await assertRejects(() => waiting, TransportError, "given up");
      continue;
    }
    await using after = new Server();
    const tree = await after.login();
    after.respond = (request) => frameOf([refuse(request, Status.OBJECT_NAME_NOT_FOUND)]);
    const error = await assertRejects(() => open.reconnect(tree), StatusError);
    assertEquals(await waiting.catch((caught) => caught), error);
  }
});

Deno.test("only what is durable, and lost, is established again", async () => {
  await using server = new Server();
  const tree = await server.login();
  const durable = await tree.create("g", { durable: true });
  await assertRejects(() => durable.reconnect(tree), ProtocolError, "it is open");
  // The server gives the same id again, which is then that of the new open alone.
  const plain = await tree.create("f", { resume: true });
  assert(durable.isClosed);
  server.respond = () => new Uint8Array(0);
  const write = plain.write(0, new Uint8Array(1));
  server.connection.net.drop();
  await assertRejects(() => write, TransportError);
  await assertRejects(() => plain.reconnect(tree), ProtocolError, "not durable");
});

Deno.test("a connection ends before the request that a test names, and not before those ahead of it", async () => {
  await using server = new Server();
  const open = await (await server.login()).create("f");
  server.seen.length = 0;
  server.connection.net.dropBefore("WRITE");
  const echo = server.connection.echo();
  const write = open.write(0, new Uint8Array(1));
  await assertRejects(() => write, TransportError, "dropped on purpose");
  await echo.catch(() => {});
  await server.connection.disconnected;
  for (let i = 0; i < 50; i++) await Promise.resolve();
  assertEquals(server.commands(), ["ECHO"]);
});

Deno.test("resume forgets a drop to come", async () => {
  await using server = new Server();
  const open = await (await server.login()).create("f");
  server.connection.net.dropBefore(({ kind }) => kind === "request");
  server.connection.net.resume();
  assertEquals((await open.write(0, new Uint8Array(1))).body.count, 1);
});
