import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  chainBytes,
  decodeMessage,
  encodeChain,
  FrameDecoder,
  frameHeader,
  HeaderFlags,
  makeHeader,
  type Message,
  type NegotiateResponse,
  type ResponseBodies,
  Status,
  WireError,
} from "../../wire/mod.ts";
import { type Transport, TransportError, transportPair } from "../../transport/mod.ts";
import { Connection } from "../connection.ts";
import { ProtocolError, StatusError } from "../../protocol/mod.ts";
import {
  type Backend,
  type BackendConnection,
  marsaudBackend,
  MarsaudConnection,
  nativeBackend,
  UnsupportedError,
} from "./mod.ts";

/** The other end of a pair, as a server that answers what the test says. */
class Server {
  readonly #transport: Transport;
  readonly #decoder = new FrameDecoder();
  readonly #requests: Message[] = [];
  readonly #room = new Uint8Array(65536);

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async request(): Promise<Message> {
    for (;;) {
      const next = this.#requests.shift();
      if (next !== undefined) return next;
      const count = await this.#transport.read(this.#room);
      if (count === null) throw new Error("Cannot take a request: the client closed");
      for (const { payload } of this.#decoder.push(this.#room.subarray(0, count))) {
        this.#requests.push(decodeMessage(payload.slice()));
      }
    }
  }

  async answer<C extends keyof ResponseBodies>(
    request: Message,
    body: ResponseBodies[C] | null,
    header: Partial<Message["header"]> = {},
  ): Promise<void> {
    const { header: asked } = request;
    const own = makeHeader({
      command: asked.command,
      credits: 1,
      messageId: asked.messageId,
      sessionId: 5n,
      treeId: 9,
      flags: HeaderFlags.SERVER_TO_REDIR,
      ...header,
    });
    const { command } = request as unknown as { readonly command: C };
    const message = body === null
      ? {
        kind: "error",
        command,
        header: own,
        body: { errorContextCount: 0, reserved: 0, errorData: new Uint8Array(0) },
      }
      : { kind: "response", command, header: own, body };
    await this.send(encoded(message as unknown as Message));
  }

  send(bytes: Uint8Array): Promise<void> {
    return this.#transport.write([frameHeader(bytes.byteLength), bytes]);
  }

  close(): void {
    this.#transport.close();
  }
}

const NEGOTIATED: NegotiateResponse = {
  securityMode: 1,
  dialectRevision: 0x0210,
  serverGuid: "00000000-0000-0000-0000-000000000001",
  capabilities: 0,
  maxTransactSize: 65536,
  maxReadSize: 65536,
  maxWriteSize: 65536,
  systemTime: 0n,
  serverStartTime: 0n,
  securityBuffer: new Uint8Array([1]),
} as NegotiateResponse;

function start(now?: () => number): { connection: MarsaudConnection; server: Server } {
  const [here, there] = transportPair();
  const connection = MarsaudConnection.connect(here, now === undefined ? {} : { now });
  return { connection, server: new Server(there) };
}

async function negotiated(fields: Partial<NegotiateResponse> = {}) {
  const { connection, server } = start();
  const result = connection.negotiate();
  await server.answer(await server.request(), { ...NEGOTIATED, ...fields });
  return { connection, server, result };
}

/** Tokens that arrive later than a microtask: each step goes through the test. */
function slowAuthenticator(tokens: readonly (number | null)[]) {
  const steps: (number | null)[] = [];
  return {
    steps,
    authenticator: {
      mechanism: "test",
      user: "alice",
      start: () => ({
        async step(token: Uint8Array | null) {
          steps.push(token?.[0] ?? null);
          const next = tokens[steps.length - 1] ?? null;
          for (let turn = 0; turn < 20; turn++) await Promise.resolve();
          return {
            token: next === null ? null : Uint8Array.of(next),
            done: next === null,
            sessionKey: null,
          };
        },
      }),
    },
  };
}

async function loggedIn() {
  const { connection, server, result } = await negotiated();
  await result;
  const { authenticator } = slowAuthenticator([10, 11, null]);
  const session = connection.session(authenticator);
  for (const status of [Status.MORE_PROCESSING_REQUIRED, Status.SUCCESS]) {
    await server.answer(
      await server.request(),
      { sessionFlags: 0, securityBuffer: Uint8Array.of(2) },
      { status, credits: 10 },
    );
  }
  const tree = (await session).tree("\\\\lab\\share");
  await server.answer(await server.request(), {
    shareType: 1,
    reserved: 0,
    shareFlags: 0,
    capabilities: 0,
    maximalAccess: 0x1f01ff,
  }, { credits: 10 });
  return { connection, server, tree: await tree };
}

Deno.test("Both clients fit the surface of a back end", () => {
  const backends: readonly Backend[] = [nativeBackend, marsaudBackend];
  const [here] = transportPair();
  const connections: BackendConnection[] = [Connection.connect(here)];
  connections[0]?.close();
  assertEquals(backends.map(({ name }) => name), ["native", "marsaud"]);
  assertEquals(nativeBackend.unsupported({ command: "LOCK" }), null);
  assertEquals(marsaudBackend.leftOut("LOGOFF") === null, false);
});

Deno.test("The login takes its tokens from an exchange that answers later, the server's last token included", async () => {
  const { connection, server, result } = await negotiated();
  await result;
  const { authenticator, steps } = slowAuthenticator([10, 11, null]);
  const session = connection.session(authenticator);
  const tokens: number[] = [];
  const ids: bigint[] = [];
  for (const [status, token] of [[Status.MORE_PROCESSING_REQUIRED, 2], [Status.SUCCESS, 3]]) {
    const request = await server.request();
    if (request.kind !== "request" || request.command !== "SESSION_SETUP") throw new Error("Wrong");
    tokens.push(...request.body.securityBuffer);
    ids.push(request.header.sessionId);
    await server.answer(
      request,
      { sessionFlags: 1, securityBuffer: Uint8Array.of(token ?? 0) },
      { status: status ?? 0 },
    );
  }
  const made = await session;
  assertEquals([tokens, ids, steps], [[10, 11], [0n, 5n], [1, 2, 3]]);
  assertEquals([made.id, made.isGuest, made.replies.length], [5n, true, 2]);
  connection.close();
});

Deno.test("A refused login is a StatusError with the user's name", async () => {
  const { connection, server, result } = await negotiated();
  await result;
  const session = assertRejects(
    () => connection.session(slowAuthenticator([10]).authenticator),
    StatusError,
  );
  await server.answer(await server.request(), null, { status: Status.LOGON_FAILURE });
  const error = await session;
  assertEquals([error.statusName, error.path], ["LOGON_FAILURE", "alice"]);
  connection.close();
});

Deno.test("A server that requires signing is refused before a token is made", async () => {
  const { connection, result } = await negotiated({ securityMode: 3 });
  await result;
  const { authenticator, steps } = slowAuthenticator([10]);
  const error = await assertRejects(() => connection.session(authenticator), UnsupportedError);
  assertEquals(error.reason, "the server requires signing, and it does not sign");
  assertEquals(steps, []);
  connection.close();
});

Deno.test("A dialect that was not offered is the server's fault", async () => {
  const { connection, result } = await negotiated({ dialectRevision: 0x0311 });
  const error = await assertRejects(() => result, ProtocolError);
  assertEquals(error.side, "remote");
  connection.close();
});

Deno.test("An interim response is no answer, and its time is kept", async () => {
  const { connection, server, tree } = await loggedIn();
  let interims = 0;
  const tuning = { accept: "any", onInterim: () => void interims++ } as const;
  const body = { flags: 0, reserved: 0, fileId: { persistent: 1n, volatile: 2n } };
  const closed = tree.request("CLOSE", body, tuning);
  const request = await server.request();
  const async = HeaderFlags.SERVER_TO_REDIR | HeaderFlags.ASYNC_COMMAND;
  await server.answer(request, null, { status: Status.PENDING, flags: async, asyncId: 77n });
  await server.answer(request, null, {
    status: Status.FILE_CLOSED,
    flags: async,
    asyncId: 77n,
    credits: 0,
  });
  const reply = await closed;
  assertEquals([reply.status, reply.asyncId, interims], [Status.FILE_CLOSED, 77n, 1]);
  assertEquals(typeof reply.interimAt, "number");
  connection.close();
});

Deno.test("A request that is aborted while the server holds it rejects, and its answer is still taken", async () => {
  const { connection, server, tree } = await loggedIn();
  const abort = new AbortController();
  const body = { flags: 0, reserved: 0, fileId: { persistent: 1n, volatile: 2n } };
  const closed = assertRejects(
    () => tree.request("CLOSE", body, { signal: abort.signal }),
    UnsupportedError,
    "Cannot send CANCEL with @marsaud/smb2: it has no such request",
  );
  const request = await server.request();
  abort.abort();
  await closed;
  await server.answer(request, null, { status: Status.FILE_CLOSED });
  const next = tree.request("CLOSE", body, { accept: "any" });
  await server.answer(await server.request(), null, { status: Status.INVALID_HANDLE });
  assertEquals((await next).status, Status.INVALID_HANDLE);
  connection.close();
});

Deno.test("What the package has no way to do is refused at the call, and nothing is sent", async () => {
  const { connection, server, tree } = await loggedIn();
  const refusal = (promise: Promise<unknown>) =>
    assertRejects(() => promise, UnsupportedError).then(({ reason }) => reason);
  assertThrows(() => tree.compound(), UnsupportedError);
  assertEquals(
    await refusal(tree.create("x", { requestedOplockLevel: 9 })),
    [
      "it has neither oplocks nor leases",
    ][0],
  );
  assertEquals(await refusal(tree.ioctl()), "it has no FSCTLs or IOCTLs");
  assertEquals(
    await refusal(tree.disconnect()),
    "@marsaud/smb2 ends sessions and trees by closing the connection",
  );
  assertEquals(await refusal(connection.echo()), "it has no such request");
  assertEquals(
    await refusal(tree.create("x", { override: { credits: 1 } })),
    "its headers and bodies are its own",
  );
  assertEquals(await refusal(tree.create("x", { sign: true })), "it does not sign");
  const open = tree.create("x").catch(() => {});
  assertEquals((await server.request()).header.messageId, 4n);
  connection.close();
  await open;
});

Deno.test("The package's CREATEs carry what was asked and, where it leaves no choice, what it always sends", async () => {
  const { connection, server, tree } = await loggedIn();
  const asked = [
    { desiredAccess: 0x00120089 },
    { desiredAccess: 0x00120089, shareAccess: 1 },
    { createDisposition: 5, fileAttributes: 0x80 },
    { createDisposition: 2, createOptions: 1 },
  ];
  const sent = [];
  for (const options of asked) {
    const opened = tree.create("a\\ü.txt", options).catch(() => {});
    const request = await server.request();
    if (request.kind !== "request" || request.command !== "CREATE") throw new Error("Wrong");
    const { body, header } = request;
    assertEquals([body.name, body.requestedOplockLevel], ["a\\ü.txt", 0]);
    assertEquals([header.sessionId, header.treeId], [5n, 9]);
    sent.push([
      body.desiredAccess,
      body.shareAccess,
      body.createDisposition,
      body.createOptions,
      body.fileAttributes,
    ]);
    await server.answer(request, null, { status: Status.ACCESS_DENIED });
    await opened;
  }
  assertEquals(sent, [
    [0x00120089, 7, 1, 0x20, 0],
    [0x001701df, 1, 1, 0x44, 0x80],
    [0x001701df, 7, 5, 0x44, 0x80],
    [0x001701df, 7, 2, 0x21, 0],
  ]);
  connection.close();
});

for (
  const [what, bytes] of [
    ["bytes that are no message", new Uint8Array(80)],
    ["a response to nothing", unasked(99n)],
  ] as const
) {
  Deno.test(`A server that sends ${what} ends the connection, and what is outstanding rejects`, async () => {
    const { connection, server, tree } = await loggedIn();
    const open = assertRejects(() => tree.create("x"));
    await server.request();
    await server.send(bytes);
    await open;
    const error = await connection.disconnected;
    assertEquals(error instanceof WireError || error instanceof ProtocolError, true);
  });
}

Deno.test("Entries that the package cannot read end the connection instead of the program", async () => {
  const { connection, server, tree } = await loggedIn();
  const body = {
    fileInformationClass: 37,
    flags: 0,
    fileIndex: 0,
    fileId: { persistent: 1n, volatile: 2n },
    outputBufferLength: 65536,
    pattern: "*",
  };
  const listed = assertRejects(
    () => tree.request("QUERY_DIRECTORY", body),
    ProtocolError,
    "Cannot accept response: @marsaud/smb2 does not understand this QUERY_DIRECTORY",
  );
  await server.answer(await server.request(), { output: Uint8Array.of(1, 2, 3) });
  await listed;
  assertEquals((await connection.disconnected) instanceof ProtocolError, true);
});

Deno.test("A server that goes away rejects what is outstanding", async () => {
  const { connection, server, tree } = await loggedIn();
  const open = assertRejects(() => tree.create("x"), TransportError);
  await server.request();
  server.close();
  await open;
  assertEquals((await connection.disconnected) instanceof TransportError, true);
});

function unasked(messageId: bigint): Uint8Array {
  const header = makeHeader({ command: 0x0d, messageId, flags: HeaderFlags.SERVER_TO_REDIR });
  return encoded({ kind: "response", command: "ECHO", header, body: { reserved: 0 } });
}

function encoded(message: Message): Uint8Array {
  return chainBytes(encodeChain([message]));
}
