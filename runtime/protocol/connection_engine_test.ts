import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  answer,
  breakFrame,
  createResponseBody,
  frameOf,
  joined,
  negotiateBody,
  pend,
  refuse,
  RequestReader,
  type SeenRequest,
} from "../../tests/harness/scripted_server.ts";
import { createSigner, deriveSessionKeys, PreauthHash, type Signer } from "../security/mod.ts";
import {
  type CommandName,
  HeaderFlags,
  type RequestBodies,
  Status,
  WireError,
} from "../wire/mod.ts";
import { ConnectionEngine } from "./connection_engine.ts";
import type { Effect } from "./effects.ts";
import { ProtocolError, StatusError } from "./errors.ts";
import { Exchange, type RequestInput } from "./exchange.ts";
import { LeaseTable } from "./lease_table.ts";
import type { SessionState, TreeState } from "./sessions.ts";

const FILE_ID = { persistent: 1n, volatile: 2n };
const ECHO = { reserved: 0 };
const KEY = new Uint8Array(16).fill(5);

/** An engine and its server, which answers nothing by itself; time stands still unless a test moves it. */
class Duo {
  readonly engine: ConnectionEngine;
  readonly effects: Effect[] = [];
  readonly inbox: SeenRequest[] = [];
  now = 0;
  readonly #reader = new RequestReader();

  constructor(options: { credits?: number; leases?: LeaseTable } = {}) {
    this.engine = new ConnectionEngine({ random: (length) => new Uint8Array(length), ...options });
  }

  /** Takes effects: writes go to the server, the others are kept. */
  take(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== "write") this.effects.push(effect);
      else this.inbox.push(...this.#reader.push(joined(effect.chunks)));
    }
  }

  /** The oldest request that the server has not looked at. */
  next(): SeenRequest {
    const request = this.inbox.shift();
    assert(request !== undefined, "the client sent nothing");
    return request;
  }

  receive(...frames: Uint8Array[]): void {
    this.take(this.engine.receive(joined(frames), this.now));
  }

  send(...inputs: RequestInput[]): Exchange[] {
    const exchanges = inputs.map((input) => new Exchange(input));
    for (const exchange of exchanges) this.take(this.engine.send([exchange], this.now));
    return exchanges;
  }

  /** Kinds of the effects since the last call, messages left out. */
  kinds(): string[] {
    const kinds = this.effects.map(({ kind }) => kind);
    this.effects.length = 0;
    return kinds.filter((kind) => kind !== "sent" && kind !== "received");
  }

  find<K extends Effect["kind"]>(kind: K): Extract<Effect, { kind: K }> {
    const effect = this.effects.find((effect) => effect.kind === kind);
    assert(effect !== undefined, `there is no effect ${kind}`);
    return effect as Extract<Effect, { kind: K }>;
  }

  /** Negotiates; the server grants `credits`. */
  negotiate(
    dialect = 0x0210,
    credits = 10,
    more: Partial<{ securityMode: number }> = {},
  ): SeenRequest {
    this.take(this.engine.negotiate({ dialects: [dialect] }, this.now));
    const request = this.next();
    this.receive(
      frameOf([answer<"NEGOTIATE">(request, negotiateBody(dialect, more), { credits })]),
    );
    return request;
  }

  /** Logs in as a guest, who has no key, and connects a tree. */
  guest(): { session: SessionState; tree: TreeState } {
    const { session, effects } = this.engine.startSession({ user: "guest" });
    this.take(effects);
    this.take(this.engine.authenticated(session, { token: KEY, done: false, sessionKey: null }, 0));
    const body = { sessionFlags: 1, securityBuffer: new Uint8Array(0) };
    this.receive(frameOf([answer<"SESSION_SETUP">(this.next(), body, { sessionId: 7n })]));
    return { session, tree: this.tree(session) };
  }

  tree(session: SessionState, signer: Signer | null = null): TreeState {
    const { tree, effects } = this.engine.treeConnect(session, { path: "\\\\s\\share" }, this.now);
    this.take(effects);
    const body = { shareType: 1, shareFlags: 0, capabilities: 0, maximalAccess: 0 };
    this.receive(frameOf([answer<"TREE_CONNECT">(this.next(), body, { treeId: 3 })], signer));
    return tree;
  }

  /** Logs in with a key; returns the signer that the server uses. */
  login(
    dialect: number,
    negotiation: { request: SeenRequest; response: Uint8Array } | null = null,
    options: { signing?: "required" | "enabled" | "off" } = {},
  ): { session: SessionState; signer: Signer } {
    const { session, effects } = this.engine.startSession({ user: "alice", ...options });
    this.take(effects);
    this.take(this.engine.authenticated(session, { token: KEY, done: false, sessionKey: KEY }, 0));
    const request = this.next();
    let hash = PreauthHash.initial();
    if (negotiation !== null) {
      hash = hash.extend(negotiation.request.bytes).extend(negotiation.response.subarray(4));
    }
    const keys = deriveSessionKeys({
      dialect,
      sessionKey: KEY,
      preauthHash: hash.extend(request.bytes),
    });
    const signer = createSigner(dialect < 0x0300 ? 0 : 1, keys.signingKey);
    const body = { sessionFlags: 0, securityBuffer: new Uint8Array(0) };
    const final = answer<"SESSION_SETUP">(request, body, { sessionId: 9n });
    this.receive(frameOf([final], signer));
    this.take(this.engine.authenticated(session, { token: null, done: true, sessionKey: KEY }, 0));
    return { session, signer };
  }
}

function ready(credits = 10): Duo {
  const duo = new Duo();
  duo.negotiate(0x0210, credits);
  duo.kinds();
  return duo;
}

function echo(): RequestInput<"ECHO"> {
  return { command: "ECHO", body: ECHO };
}

function read(length: number, more: Partial<RequestInput> = {}): RequestInput {
  const body: RequestBodies["READ"] = {
    padding: 0x50,
    flags: 0,
    length,
    offset: 0n,
    fileId: FILE_ID,
    minimumCount: 0,
    channel: 0,
    remainingBytes: 0,
    channelInfo: new Uint8Array(0),
  };
  return { ...more, command: "READ", body };
}

function createInput(
  owner: { session: SessionState; tree: TreeState },
  more: Partial<RequestBodies["CREATE"]> = {},
): RequestInput<"CREATE"> {
  return {
    ...owner,
    command: "CREATE",
    body: {
      securityFlags: 0,
      requestedOplockLevel: 9,
      impersonationLevel: 2,
      smbCreateFlags: 0n,
      reserved: 0n,
      desiredAccess: 1,
      fileAttributes: 0,
      shareAccess: 7,
      createDisposition: 1,
      createOptions: 0,
      name: "f",
      contexts: [],
      ...more,
    },
  };
}

function commands(duo: Duo): CommandName[] {
  return duo.inbox.map(({ message }) => message.command);
}

Deno.test("NEGOTIATE settles dialect and multi-credit support", () => {
  const duo = new Duo();
  duo.negotiate(0x0210);
  const { negotiated } = duo.find("negotiated");
  assertEquals([negotiated.dialect, negotiated.supportsMultiCredit], [0x0210, true]);
  assertEquals([duo.engine.phase, duo.engine.credits], ["ready", 10]);
  assertThrows(() => duo.engine.negotiate({}, 0), ProtocolError, "ready");
});

Deno.test("a dialect that was not offered ends the connection", () => {
  const duo = new Duo();
  duo.take(duo.engine.negotiate({ dialects: [0x0210, 0x0300] }, 0));
  duo.receive(frameOf([answer<"NEGOTIATE">(duo.next(), negotiateBody(0x0302))]));
  const { error } = duo.find("ended");
  assertInstanceOf(error, ProtocolError);
  assertEquals([error.side, duo.engine.phase], ["remote", "failed"]);
});

Deno.test("a 3.1.1 answer without its preauth context is refused", () => {
  const duo = new Duo();
  duo.take(duo.engine.negotiate({ dialects: [0x0311] }, 0));
  duo.receive(frameOf([answer<"NEGOTIATE">(duo.next(), negotiateBody(0x0311, { contexts: [] }))]));
  assertInstanceOf(duo.find("ended").error, ProtocolError);
});

Deno.test("a signing algorithm that was not offered is refused", () => {
  const duo = new Duo();
  duo.take(duo.engine.negotiate({ dialects: [0x0311], signingAlgorithms: [1] }, 0));
  const body = negotiateBody(0x0311);
  const contexts = [...body.contexts ?? [], { kind: "signing", algorithms: [2] } as const];
  duo.receive(frameOf([answer<"NEGOTIATE">(duo.next(), { ...body, contexts })]));
  assertInstanceOf(duo.find("ended").error, ProtocolError);
});

Deno.test("a refused NEGOTIATE ends the connection with its status", () => {
  const duo = new Duo();
  duo.take(duo.engine.negotiate({ dialects: [0x0202] }, 0));
  duo.receive(frameOf([refuse(duo.next(), Status.NOT_SUPPORTED)]));
  const { error } = duo.find("ended");
  assertInstanceOf(error, StatusError);
  assertEquals(error.statusName, "NOT_SUPPORTED");
});

Deno.test("an SMB1 answer ends the connection", () => {
  const duo = new Duo();
  duo.take(duo.engine.negotiate({ dialects: [0x0202] }, 0));
  duo.receive(new Uint8Array([0, 0, 0, 5, 0xff, 0x53, 0x4d, 0x42, 0x72]));
  assertInstanceOf(duo.find("ended").error, ProtocolError);
});

Deno.test("a frame that is encrypted without being negotiated ends the connection; keepalives do not", () => {
  const duo = ready();
  duo.receive(new Uint8Array([0x85, 0, 0, 0]));
  assertEquals(duo.engine.phase, "ready");
  const frame = new Uint8Array(4 + 52 + 64);
  frame.set([0, 0, 0, 52 + 64, 0xfd, 0x53, 0x4d, 0x42]);
  duo.receive(frame);
  const { error } = duo.find("ended");
  assertInstanceOf(error, ProtocolError);
  assertEquals(error.side, "remote");
});

Deno.test("a multi-protocol start spends message id 0 and asks again in SMB2", () => {
  const engine = new ConnectionEngine({ random: (length) => new Uint8Array(length) });
  const [first] = engine.negotiate({ smb1: true, dialects: [0x0300] }, 0);
  assert(first?.kind === "write");
  assertEquals([...joined(first.chunks).subarray(4, 8)], [0xff, 0x53, 0x4d, 0x42]);
  assertEquals(engine.phase, "negotiatingSmb1");

  const duo = new Duo();
  duo.engine.negotiate({ smb1: true, dialects: [0x0300] }, 0);
  const header = { command: 0, messageId: 0n, treeId: 0, sessionId: 0n, creditCharge: 0 };
  const question = {
    header: { ...header, status: 0, credits: 0, flags: 0, reserved: 0, signature: KEY },
    message: { command: "NEGOTIATE" },
  } as const;
  duo.receive(frameOf([answer<"NEGOTIATE">(question, negotiateBody(0x02ff))]));
  const second = duo.next();
  assertEquals(second.header.messageId, 1n);
  duo.receive(frameOf([answer<"NEGOTIATE">(second, negotiateBody(0x0300))]));
  assertEquals(duo.engine.phase, "ready");
});

Deno.test("requests leave in order, each with its own message id", () => {
  const duo = ready();
  duo.send(echo(), echo(), echo());
  assertEquals(duo.inbox.map(({ header }) => header.messageId), [1n, 2n, 3n]);
});

Deno.test("answers may come in any order, in one frame or in pieces", () => {
  const duo = ready();
  const [a, b, c] = duo.send(echo(), echo(), echo());
  const [one, two, three] = [duo.next(), duo.next(), duo.next()];
  const frames = joined([
    frameOf([answer<"ECHO">(three, ECHO), answer<"ECHO">(one, ECHO)]),
    frameOf([answer<"ECHO">(two, ECHO)]),
  ]);
  const order: (Exchange | undefined)[] = [];
  for (const byte of frames) {
    for (const effect of duo.engine.receive(new Uint8Array([byte]), 0)) {
      if (effect.kind === "replied") order.push(effect.exchange);
    }
  }
  assertEquals(order.map((exchange) => [a, b, c].indexOf(exchange)), [2, 0, 1]);
});

Deno.test("multi-credit requests take consecutive ids and wait where credits are short", () => {
  const duo = ready(4);
  const [large, blocked, small] = duo.send(read(3 * 65536), read(2 * 65536), echo());
  assertEquals(duo.inbox.length, 1);
  assertEquals([large?.phase, blocked?.phase, small?.phase], ["sent", "queued", "queued"]);
  assertEquals([duo.engine.credits, duo.engine.creditStalls, duo.engine.outstanding], [1, 2, 3]);
  const request = duo.next();
  assertEquals(request.header.creditCharge, 3);
  duo.receive(frameOf([refuse(request, Status.END_OF_FILE, { credits: 2 })]));
  // Order is kept: the small request did not overtake.
  assertEquals(commands(duo), ["READ", "ECHO"]);
  assertEquals(duo.inbox.map(({ header }) => header.messageId), [4n, 6n]);
});

Deno.test("credits that do not suffice for the next request leave it waiting", () => {
  const duo = ready(2);
  const [, , large] = duo.send(echo(), echo(), read(3 * 65536));
  duo.receive(frameOf([answer<"ECHO">(duo.next(), ECHO, { credits: 1 })]));
  assertEquals([large?.phase, duo.engine.credits], ["queued", 1]);
  duo.receive(frameOf([answer<"ECHO">(duo.next(), ECHO, { credits: 2 })]));
  assertEquals([large?.phase, duo.engine.credits], ["sent", 0]);
});

Deno.test("a request that no answer can pay for is refused at once", () => {
  const duo = ready(4);
  duo.send(read(10 * 65536));
  const { error } = duo.find("rejected");
  assertInstanceOf(error, ProtocolError);
  assertEquals(error.side, "local");
  assertEquals(duo.engine.phase, "ready");
});

Deno.test("whatever requests claim to cost and to ask for, no message id is used before it is granted", () => {
  let state = 7;
  function random(limit: number): number {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 0x100000000 * limit);
  }
  const duo = ready(3);
  const used = new Set<bigint>([0n]);
  // Ids 0 to the sum of what was granted; NEGOTIATE had the first.
  let granted = 1 + 3;
  let stalls = 0;
  for (let round = 0; round < 400; round++) {
    const creditCharge = random(6);
    const creditRequest = random(9);
    const before = duo.engine.creditStalls;
    duo.send({ ...echo(), creditCharge, creditRequest });
    stalls += duo.engine.creditStalls - before;
    for (const { header } of duo.inbox.slice(0)) {
      for (let i = 0; i < Math.max(1, header.creditCharge); i++) {
        const id = header.messageId + BigInt(i);
        assert(!used.has(id) && id < BigInt(granted), `message id ${id} of ${granted}`);
        used.add(id);
      }
      const credits = random(5);
      granted += credits;
      duo.inbox.shift();
      duo.receive(
        frameOf([answer<"ECHO">({ header, message: { command: "ECHO" } }, ECHO, { credits })]),
      );
    }
  }
  assert(stalls > 0);
});

Deno.test("dialect 2.0.2 sends no CreditCharge", () => {
  const duo = new Duo();
  duo.negotiate(0x0202);
  duo.send(read(65536));
  assertEquals(duo.next().header.creditCharge, 0);
});

Deno.test("credits of interim responses count, and the final response settles the request", () => {
  const duo = ready(1);
  const [waiting, next] = duo.send(read(1), echo());
  const request = duo.next();
  duo.now = 5;
  duo.receive(frameOf([pend(request, 77n, { credits: 1 })]));
  assertEquals(commands(duo), ["ECHO"]);
  duo.now = 9;
  const final = { flags: HeaderFlags.ASYNC_COMMAND, asyncId: 77n, credits: 0 };
  duo.receive(frameOf([refuse(request, Status.CANCELLED, final)]));
  const { reply, exchange } = duo.find("replied");
  assert(exchange === waiting);
  assertEquals([reply.interimAt, reply.receivedAt, reply.asyncId], [5, 9, 77n]);
  assertEquals(next?.phase, "sent");
});

Deno.test("CANCEL repeats the message id, takes no credit, and names AsyncId once it is known", () => {
  const duo = ready(2);
  const [exchange] = duo.send(read(1));
  const request = duo.next();
  assert(exchange !== undefined);
  duo.take(duo.engine.cancel(exchange, 0));
  const early = duo.next();
  assertEquals([early.message.command, early.header.messageId], ["CANCEL", 1n]);
  assertEquals([early.header.credits, early.header.asyncId], [0, undefined]);
  duo.receive(frameOf([pend(request, 5n)]));
  duo.take(duo.engine.cancel(exchange, 0));
  assertEquals(duo.next().header.asyncId, 5n);
  assertEquals(duo.engine.credits, 2);
});

Deno.test("a cancelled request that still waits for credits is withdrawn", () => {
  const duo = ready(1);
  const [, queued] = duo.send(echo(), echo());
  assert(queued !== undefined);
  duo.take(duo.engine.cancel(queued, 0));
  assertEquals(duo.kinds(), ["withdrawn"]);
  duo.receive(frameOf([answer<"ECHO">(duo.next(), ECHO)]));
  assertEquals(duo.inbox.length, 0);
});

Deno.test("a late request is cancelled and reported once; its answer still brings credits", () => {
  const duo = ready(5);
  const [exchange] = duo.send({ ...echo(), timeout: 100 });
  assertEquals(duo.engine.nextDeadline, 100);
  duo.take(duo.engine.tick(99));
  assertEquals(duo.kinds(), []);
  duo.take(duo.engine.tick(100));
  assertEquals(duo.kinds(), ["timedOut"]);
  assertEquals(duo.engine.nextDeadline, null);
  const [request, cancel] = [duo.next(), duo.next()];
  assertEquals(cancel.message.command, "CANCEL");
  duo.receive(frameOf([refuse(request, Status.CANCELLED, { credits: 3 })]));
  assertEquals([duo.kinds(), duo.engine.credits], [[], 7]);
  assertEquals(exchange?.phase, "done");
});

Deno.test("a late request is not reported again when the connection ends", () => {
  const duo = ready();
  duo.send({ ...echo(), timeout: 1 });
  duo.take(duo.engine.tick(1));
  duo.kinds();
  duo.take(duo.engine.close(null, 2));
  assertEquals(duo.kinds(), ["ended"]);
});

Deno.test("a timeout while waiting for credits sends nothing", () => {
  const duo = ready(1);
  duo.send(echo(), { ...echo(), timeout: 10 });
  duo.take(duo.engine.tick(10));
  assertEquals(duo.kinds(), ["timedOut"]);
  duo.receive(frameOf([answer<"ECHO">(duo.next(), ECHO)]));
  assertEquals(duo.inbox.length, 0);
});

Deno.test("related requests carry the flag, and inherit what only a response will tell", () => {
  const duo = ready();
  const body = { flags: 0, path: "\\\\s\\x" };
  const exchanges = [
    new Exchange({ command: "TREE_CONNECT", body }),
    new Exchange({ command: "FLUSH", body: { reserved1: 0, reserved2: 0, fileId: FILE_ID } }),
  ];
  duo.take(duo.engine.send(exchanges, 0, true));
  const [first, second] = [duo.next(), duo.next()];
  assertEquals(first.header.flags & HeaderFlags.RELATED_OPERATIONS, 0);
  assertEquals(second.header.flags & HeaderFlags.RELATED_OPERATIONS, 4);
  assertEquals([second.header.treeId, second.header.sessionId], [0xffffffff, 0xffffffffffffffffn]);
});

Deno.test("a chain may mix related and unrelated requests, and even begin with a related one", () => {
  const duo = ready();
  const inputs = [
    { ...echo(), related: true },
    read(1),
    { ...read(1), related: false },
    { ...read(1), related: true },
  ];
  const flags = () => duo.inbox.map(({ header }) => header.flags & HeaderFlags.RELATED_OPERATIONS);
  duo.take(duo.engine.send(inputs.map((input) => new Exchange(input)), 0));
  assertEquals(flags(), [4, 0, 0, 4]);
  assertEquals(duo.inbox.map(({ header }) => header.treeId), [0, 0, 0, 0xffffffff]);
  duo.inbox.length = 0;
  duo.take(duo.engine.send(inputs.map((input) => new Exchange(input)), 0, true));
  assertEquals(flags(), [4, 4, 0, 4]);
});

Deno.test("header overrides and raw bodies go out as given", () => {
  const duo = ready();
  duo.send({
    ...echo(),
    override: { messageId: 500n, credits: 9, reserved: 0xfeff },
    flags: HeaderFlags.REPLAY_OPERATION,
  });
  const { header } = duo.next();
  assertEquals([header.messageId, header.credits, header.reserved], [500n, 9, 0xfeff]);
  assertEquals(header.flags, HeaderFlags.REPLAY_OPERATION);
  // The forged id took none of the window.
  assertEquals(duo.engine.credits, 10);
  const [again] = duo.send({ ...echo(), override: { messageId: 500n } });
  assertEquals(again?.phase, "done");
  assertInstanceOf(duo.find("rejected").error, ProtocolError);
});

Deno.test("responses that nobody asked for are discarded, up to a limit", () => {
  const duo = ready();
  duo.send(echo());
  const request = duo.next();
  const stray = frameOf([
    answer<"ECHO">({ ...request, header: { ...request.header, messageId: 99n } }, ECHO, {
      credits: 50,
    }),
  ]);
  for (let i = 0; i < 64; i++) duo.receive(stray);
  assertEquals([duo.engine.phase, duo.engine.unknownResponses, duo.engine.credits], [
    "ready",
    64,
    9,
  ]);
  duo.receive(stray);
  assertEquals(duo.kinds(), ["rejected", "ended"]);
});

Deno.test("a response of another command ends the connection", () => {
  const duo = ready();
  duo.send(read(1));
  const { header } = duo.next();
  const wrong = { header: { ...header, command: 0x0d }, message: { command: "ECHO" } } as const;
  duo.receive(frameOf([answer<"ECHO">(wrong, ECHO)]));
  assertEquals(duo.kinds(), ["rejected", "ended"]);
});

Deno.test("a body that cannot be read fails its request alone", () => {
  const duo = ready();
  duo.send(read(1), echo());
  const [one, two] = [duo.next(), duo.next()];
  const broken = frameOf([
    answer<"READ">(one, { data: new Uint8Array(8), dataRemaining: 0, flags: 0 }),
  ]);
  new DataView(broken.buffer).setUint32(4 + 64 + 4, 0xffff, true); // DataLength
  duo.receive(broken, frameOf([answer<"ECHO">(two, ECHO)]));
  const { error } = duo.find("rejected");
  assertInstanceOf(error, ProtocolError);
  assertInstanceOf(error.cause, WireError);
  assertEquals(duo.kinds(), ["rejected", "replied"]);
});

Deno.test("the end rejects every outstanding and waiting request once, and all later ones", () => {
  const duo = ready(2);
  const exchanges = duo.send(echo(), echo(), echo());
  const reason = new Error("Gone");
  duo.take(duo.engine.close(reason, 0));
  assertEquals(duo.kinds(), ["rejected", "rejected", "rejected", "ended"]);
  assertEquals(exchanges.map(({ phase }) => phase), ["done", "done", "done"]);
  duo.take(duo.engine.close(null, 0));
  assertEquals(duo.kinds(), []);
  duo.send(echo());
  assertEquals(duo.find("rejected").error, reason);
  assertEquals(duo.engine.receive(new Uint8Array([1, 2, 3]), 0), []);
});

Deno.test("a session fails with the server's status", () => {
  const duo = ready();
  const { session, effects } = duo.engine.startSession({ user: "bob" });
  duo.take(effects);
  duo.take(duo.engine.authenticated(session, { token: KEY, done: false, sessionKey: null }, 0));
  duo.receive(frameOf([refuse(duo.next(), Status.LOGON_FAILURE)]));
  const { error } = duo.find("sessionFailed");
  assertInstanceOf(error, StatusError);
  assertEquals([error.path, error.statusName, session.phase], ["bob", "LOGON_FAILURE", "failed"]);
});

Deno.test("every token of the mechanism makes one SESSION_SETUP under the same session id", () => {
  const duo = ready();
  const { session, effects } = duo.engine.startSession({ user: "bob" });
  duo.take(effects);
  const step = { token: KEY, done: false, sessionKey: null };
  duo.take(duo.engine.authenticated(session, step, 0));
  const body = { sessionFlags: 0, securityBuffer: new Uint8Array([1]) };
  const more = { status: Status.MORE_PROCESSING_REQUIRED, sessionId: 21n };
  duo.receive(frameOf([answer<"SESSION_SETUP">(duo.next(), body, more)]));
  assertEquals(duo.find("authenticate").token?.byteLength, 0);
  duo.take(duo.engine.authenticated(session, step, 0));
  assertEquals(duo.next().header.sessionId, 21n);
});

Deno.test("the final response of 3.1.1 is verified with keys that depend on every message", () => {
  const duo = new Duo();
  const request = (duo.take(duo.engine.negotiate({ dialects: [0x0311] }, 0)), duo.next());
  const response = frameOf([answer<"NEGOTIATE">(request, negotiateBody(0x0311), { credits: 10 })]);
  duo.receive(response);
  const { session } = duo.login(0x0311, { request, response });
  assertEquals(session.phase, "valid");

  const tampered = new Duo();
  const asked =
    (tampered.take(tampered.engine.negotiate({ dialects: [0x0311] }, 0)), tampered.next());
  const answered = frameOf([answer<"NEGOTIATE">(asked, negotiateBody(0x0311), { credits: 10 })]);
  tampered.receive(answered);
  answered[60] = 1;
  const { session: failed } = tampered.login(0x0311, { request: asked, response: answered });
  assertEquals([failed.phase, tampered.engine.phase], ["failed", "failed"]);
  assertEquals(tampered.kinds().slice(-2), ["sessionFailed", "ended"]);
});

Deno.test("a guest has no key: nothing is signed, and a session that must sign is refused", () => {
  const duo = ready();
  const { session } = duo.guest();
  assertEquals([session.isGuest, session.signer, session.phase], [true, null, "valid"]);

  const strict = ready();
  const { session: refused, effects } = strict.engine.startSession({
    user: "x",
    signing: "required",
  });
  strict.take(effects);
  strict.take(
    strict.engine.authenticated(refused, { token: KEY, done: false, sessionKey: null }, 0),
  );
  const body = { sessionFlags: 1, securityBuffer: new Uint8Array(0) };
  strict.receive(frameOf([answer<"SESSION_SETUP">(strict.next(), body, { sessionId: 7n })]));
  assertInstanceOf(strict.find("sessionFailed").error, ProtocolError);
});

Deno.test("a session that requires signing signs every request, CANCEL included", () => {
  const duo = ready();
  const { session, signer } = duo.login(0x0210, null, { signing: "required" });
  const tree = duo.tree(session, signer);
  const [exchange] = duo.send({ ...echo(), session, tree });
  const request = duo.next();
  assert(signer.verify(request.bytes));
  assert(exchange !== undefined);
  duo.take(duo.engine.cancel(exchange, 0));
  assert(signer.verify(duo.next().bytes));
  duo.receive(frameOf([pend(request, 4n)]));
  assertEquals(duo.engine.phase, "ready");
  duo.receive(frameOf([answer<"ECHO">(request, ECHO)], signer));
  assert(duo.kinds().includes("replied"));
});

Deno.test("3.1.1 signs TREE_CONNECT even where nothing else is signed", () => {
  const duo = new Duo();
  const request = (duo.take(duo.engine.negotiate({ dialects: [0x0311] }, 0)), duo.next());
  const response = frameOf([answer<"NEGOTIATE">(request, negotiateBody(0x0311), { credits: 10 })]);
  duo.receive(response);
  const { session, signer } = duo.login(0x0311, { request, response }, { signing: "off" });
  duo.take(duo.engine.treeConnect(session, { path: "\\\\s\\x" }, 0).effects);
  duo.send({ ...echo(), session });
  assertEquals([signer.verify(duo.next().bytes), signer.verify(duo.next().bytes)], [true, false]);
});

Deno.test("wrong and missing signatures end the connection; a lost session is believed unsigned", () => {
  for (const [forge, survives] of [["wrong", false], ["missing", false], ["lost", true]] as const) {
    const duo = ready();
    const { session } = duo.login(0x0210, null, { signing: "required" });
    duo.send({ ...echo(), session });
    const request = duo.next();
    const other = createSigner(0, new Uint8Array(16));
    const frame = forge === "wrong"
      ? frameOf([answer<"ECHO">(request, ECHO)], other)
      : forge === "missing"
      ? frameOf([answer<"ECHO">(request, ECHO)])
      : frameOf([refuse(request, Status.USER_SESSION_DELETED)]);
    duo.receive(frame);
    assertEquals(duo.engine.phase === "ready", survives, forge);
  }
});

Deno.test("a signed response is verified on sessions that do not require it, too", () => {
  const duo = ready();
  const { session } = duo.login(0x0210);
  duo.send({ ...echo(), session });
  duo.receive(frameOf([answer<"ECHO">(duo.next(), ECHO)], createSigner(0, new Uint8Array(16))));
  assertEquals(duo.engine.phase, "failed");
});

Deno.test("3.0 validates the negotiation after TREE_CONNECT, and a different answer ends it", () => {
  for (const [capabilities, outcome] of [[7, "treeConnected"], [6, "treeFailed"]] as const) {
    const duo = new Duo();
    duo.negotiate(0x0300, 20);
    const { session, signer } = duo.login(0x0300);
    duo.tree(session, signer);
    duo.kinds();
    const request = duo.next();
    assertEquals(request.message.command, "IOCTL");
    // On a session that signs nothing else.
    assert(signer.verify(request.bytes));
    const output = new Uint8Array(24);
    const view = new DataView(output.buffer);
    view.setUint32(0, capabilities, true);
    output.set([
      0x33,
      0x22,
      0x11,
      0,
      0x55,
      0x44,
      0x77,
      0x66,
      0x88,
      0x99,
      0xaa,
      0xbb,
      0xcc,
      0xdd,
      0xee,
      0xff,
    ], 4);
    view.setUint16(20, 1, true);
    view.setUint16(22, 0x0300, true);
    const body = {
      reserved: 0,
      ctlCode: 0x00140204,
      fileId: FILE_ID,
      input: new Uint8Array(0),
      output,
      flags: 0,
      reserved2: 0,
    };
    duo.receive(frameOf([answer<"IOCTL">(request, body)], signer));
    assertEquals(duo.kinds()[0], outcome);
    assertEquals(duo.engine.phase, outcome === "treeConnected" ? "ready" : "failed");
  }
});

Deno.test("a server that is said to know only 2.1 has to confirm it, signed", () => {
  for (const answers of ["refused, signed", "refused, unsigned", "another dialect"] as const) {
    const duo = new Duo();
    duo.take(duo.engine.negotiate({ dialects: [0x0210, 0x0300, 0x0311] }, 0));
    duo.receive(
      frameOf([answer<"NEGOTIATE">(duo.next(), negotiateBody(0x0210), { credits: 10 })]),
    );
    const { session, signer } = duo.login(0x0210);
    duo.tree(session, signer);
    const request = duo.next();
    assertEquals(request.message.command, "IOCTL");
    assert(signer.verify(request.bytes));
    duo.kinds();
    if (answers === "another dialect") {
      const output = new Uint8Array(24);
      output.set([0x07, 0, 0, 0]);
      output.set(Uint8Array.fromHex("33221100554477668899aabbccddeeff"), 4);
      output.set([1, 0, 0x11, 0x03], 20);
      const body = {
        reserved: 0,
        ctlCode: 0x00140204,
        fileId: FILE_ID,
        input: new Uint8Array(0),
        output,
        flags: 0,
        reserved2: 0,
      };
      duo.receive(frameOf([answer<"IOCTL">(request, body)], signer));
      assertEquals(duo.engine.phase, "failed");
    } else {
      const refusal = refuse(request, Status.INVALID_DEVICE_REQUEST);
      duo.receive(frameOf([refusal], answers === "refused, signed" ? signer : null));
      assertEquals(duo.engine.phase, answers === "refused, signed" ? "ready" : "failed");
    }
  }
});

Deno.test("an unsigned answer to the validation, or ACCESS_DENIED, ends the connection", () => {
  for (const status of [Status.INVALID_DEVICE_REQUEST, Status.ACCESS_DENIED]) {
    for (const isSigned of [true, false]) {
      const duo = new Duo();
      duo.negotiate(0x0300, 20);
      const { session, signer } = duo.login(0x0300);
      duo.tree(session, signer);
      duo.receive(frameOf([refuse(duo.next(), status)], isSigned ? signer : null));
      const survives = isSigned && status !== Status.ACCESS_DENIED;
      assertEquals(duo.engine.phase, survives ? "ready" : "failed");
    }
  }
});

Deno.test("a validation that the caller asks for ends the connection when it disagrees, not when it fails", () => {
  for (const agrees of [true, false]) {
    const duo = ready();
    const owner = duo.guest();
    const exchange = duo.engine.validateNegotiate(owner.tree);
    duo.take(duo.engine.send([exchange], 0));
    const request = duo.next();
    const body = {
      reserved: 0,
      ctlCode: 0x00140204,
      fileId: FILE_ID,
      input: new Uint8Array(0),
      output: new Uint8Array(24),
      flags: 0,
      reserved2: 0,
    };
    duo.kinds();
    duo.receive(frameOf([
      agrees ? refuse(request, Status.INVALID_DEVICE_REQUEST) : answer<"IOCTL">(request, body),
    ]));
    assertEquals(duo.kinds(), agrees ? ["replied"] : ["replied", "ended"]);
  }
});

Deno.test("a lease break is told to the lease's opens, and acknowledged before what waits", () => {
  const duo = ready(5);
  const owner = duo.guest();
  const [create] = duo.send(
    createInput(owner, { requestedOplockLevel: 0xff, contexts: [RWH_LEASE] }),
  );
  duo.receive(frameOf([
    answer<"CREATE">(duo.next(), createResponseBody({ oplockLevel: 0xff, contexts: [RWH_LEASE] })),
  ]));
  assertEquals([create?.open?.lease?.state, duo.engine.leases.size], [7, 1]);
  while (duo.engine.credits > 0) duo.send({ ...echo(), ...owner });
  duo.send({ ...echo(), ...owner });
  const waiting = duo.inbox.length;
  duo.receive(breakFrame({
    kind: "leaseNotification",
    newEpoch: 0,
    flags: 1,
    leaseKey: KEY,
    currentLeaseState: 7,
    newLeaseState: 3,
    breakReason: 0,
    accessMaskHint: 0,
    shareMaskHint: 0,
  }));
  const { notice } = duo.find("broke");
  assertEquals([notice.from, notice.to, notice.ackRequired], [7, 3, true]);
  assertEquals(notice.opens.map((open) => open === create?.open), [true]);
  duo.take(duo.engine.acknowledge(notice, 0).effects);
  const [first] = duo.inbox;
  assert(first !== undefined);
  duo.receive(frameOf([answer<"ECHO">(first, ECHO)]));
  const acknowledgement = duo.inbox[waiting]?.message;
  assert(acknowledgement?.command === "OPLOCK_BREAK" && acknowledgement.body.kind === "lease");
  assertEquals([acknowledgement.body.leaseState, acknowledgement.header.treeId], [3, 3]);
});

/** A lease of version 1 with everything. */
const RWH_LEASE = {
  kind: "RqLs",
  version: 1,
  leaseKey: KEY,
  leaseState: 7,
  leaseFlags: 0,
  leaseDuration: 0n,
} as const;

Deno.test("the state of an acknowledgement counts once the server has accepted it", () => {
  for (const status of [Status.SUCCESS, Status.REQUEST_NOT_ACCEPTED]) {
    const duo = ready();
    const owner = duo.guest();
    const [create] = duo.send(
      createInput(owner, { requestedOplockLevel: 0xff, contexts: [RWH_LEASE] }),
    );
    duo.receive(frameOf([
      answer<"CREATE">(
        duo.next(),
        createResponseBody({ oplockLevel: 0xff, contexts: [RWH_LEASE] }),
      ),
    ]));
    const held = create?.open?.lease;
    duo.receive(breakFrame({
      kind: "leaseNotification",
      newEpoch: 0,
      flags: 1,
      leaseKey: KEY,
      currentLeaseState: 7,
      newLeaseState: 3,
      breakReason: 0,
      accessMaskHint: 0,
      shareMaskHint: 0,
    }));
    duo.take(duo.engine.acknowledge(duo.find("broke").notice, 0, 1).effects);
    assertEquals(held?.state, 3);
    const asked = duo.next();
    if (status === Status.SUCCESS) {
      const body = { kind: "lease", reserved: 0, flags: 0, leaseKey: KEY, leaseState: 1 } as const;
      duo.receive(frameOf([answer<"OPLOCK_BREAK">(asked, { ...body, leaseDuration: 0n })]));
    } else duo.receive(frameOf([refuse(asked, status)]));
    assertEquals(held?.state, status === Status.SUCCESS ? 1 : 3);
  }
});

Deno.test("a lease break that overtakes the CREATE response finds the lease", () => {
  const duo = ready();
  const owner = duo.guest();
  duo.send(createInput(owner, { requestedOplockLevel: 0xff, contexts: [RWH_LEASE] }));
  const notification = { newEpoch: 0, breakReason: 0, accessMaskHint: 0, shareMaskHint: 0 };
  duo.receive(breakFrame({
    ...notification,
    kind: "leaseNotification",
    flags: 1,
    leaseKey: KEY,
    currentLeaseState: 7,
    newLeaseState: 1,
  }));
  const { notice } = duo.find("broke");
  const { exchange } = duo.engine.acknowledge(notice, 0);
  assertEquals([exchange?.input.command, exchange?.tree], ["OPLOCK_BREAK", owner.tree]);
});

Deno.test("an oplock break is acknowledged unless it leaves level II, and forgets closed opens", () => {
  const duo = ready();
  const owner = duo.guest();
  duo.send(createInput(owner));
  duo.receive(frameOf([answer<"CREATE">(duo.next(), createResponseBody({ oplockLevel: 9 }))]));
  const broken = { kind: "oplock", reserved: 0, reserved2: 0, fileId: FILE_ID } as const;
  duo.kinds();
  duo.receive(breakFrame({ ...broken, oplockLevel: 1 }), breakFrame({ ...broken, oplockLevel: 0 }));
  const notices = duo.effects.flatMap((effect) => effect.kind === "broke" ? [effect.notice] : []);
  assertEquals(notices.map(({ from, to, ackRequired }) => [from, to, ackRequired]), [
    [9, 1, true],
    [1, 0, false],
  ]);
  duo.send({ ...owner, command: "CLOSE", body: { flags: 0, reserved: 0, fileId: FILE_ID } });
  const times = { creationTime: 0n, lastAccessTime: 0n, lastWriteTime: 0n, changeTime: 0n };
  const closed = {
    ...times,
    flags: 0,
    reserved: 0,
    allocationSize: 0n,
    endOfFile: 0n,
    fileAttributes: 0,
  };
  duo.receive(frameOf([answer<"CLOSE">(duo.next(), closed)]));
  duo.kinds();
  duo.receive(breakFrame({ ...broken, oplockLevel: 0 }));
  const { notice } = duo.find("broke");
  assertEquals([notice.from, notice.ackRequired, duo.engine.acknowledge(notice, 0).exchange], [
    null,
    false,
    null,
  ]);
});

Deno.test("a lease table outlives its connection without the connection's leases", () => {
  const leases = new LeaseTable();
  const duo = new Duo({ leases });
  duo.negotiate();
  const owner = duo.guest();
  const input = createInput(owner, { requestedOplockLevel: 0xff, contexts: [RWH_LEASE] });
  const [one] = duo.send(input, input);
  duo.receive(frameOf([
    answer<"CREATE">(duo.next(), createResponseBody({ oplockLevel: 0xff, contexts: [RWH_LEASE] })),
  ]));
  assertEquals(leases.size, 1);
  duo.take(duo.engine.close(null, 0));
  assertEquals([leases.size, one?.open?.closed], [0, true]);
});

Deno.test("a CLOSE at the end of a related chain closes the file that its CREATE opened", () => {
  const duo = ready();
  const owner = duo.guest();
  const fileId = { persistent: 0xffffffffffffffffn, volatile: 0xffffffffffffffffn };
  const chain = [
    new Exchange(createInput(owner)),
    new Exchange({ ...owner, command: "FLUSH", body: { reserved1: 0, reserved2: 0, fileId } }),
    new Exchange({ ...owner, command: "CLOSE", body: { flags: 0, reserved: 0, fileId } }),
  ];
  duo.take(duo.engine.send(chain, 0, true));
  const times = { creationTime: 0n, lastAccessTime: 0n, lastWriteTime: 0n, changeTime: 0n };
  const closed = {
    ...times,
    flags: 0,
    reserved: 0,
    allocationSize: 0n,
    endOfFile: 0n,
    fileAttributes: 0,
  };
  duo.receive(frameOf([
    answer<"CREATE">(duo.next(), createResponseBody()),
    answer<"FLUSH">(duo.next(), { reserved: 0 }),
    answer<"CLOSE">(duo.next(), closed),
  ]));
  assertEquals(chain[0]?.open?.closed, true);
});

Deno.test("a lease is forgotten with its last open, or with a CREATE that does not get it", () => {
  const duo = ready();
  const owner = duo.guest();
  const input = createInput(owner, { requestedOplockLevel: 0xff, contexts: [RWH_LEASE] });
  const granted = createResponseBody({ oplockLevel: 0xff, contexts: [RWH_LEASE] });
  duo.send(input);
  duo.receive(frameOf([answer<"CREATE">(duo.next(), granted)]));
  duo.send({ command: "TREE_DISCONNECT", body: { reserved: 0 }, ...owner });
  assertEquals(duo.engine.leases.size, 1);
  duo.receive(frameOf([answer<"TREE_DISCONNECT">(duo.next(), { reserved: 0 })]));
  assertEquals(duo.engine.leases.size, 0);

  duo.send(input, input);
  assertEquals(duo.engine.leases.size, 1);
  duo.receive(frameOf([refuse(duo.next(), Status.ACCESS_DENIED)]));
  assertEquals(duo.engine.leases.size, 1);
  duo.receive(frameOf([answer<"CREATE">(duo.next(), createResponseBody())]));
  assertEquals(duo.engine.leases.size, 0);
});

Deno.test("LOGOFF closes what the session had", () => {
  const duo = ready();
  const owner = duo.guest();
  const [create] = duo.send(createInput(owner));
  duo.receive(frameOf([answer<"CREATE">(duo.next(), createResponseBody())]));
  duo.send({ command: "LOGOFF", body: { reserved: 0 }, session: owner.session });
  duo.receive(frameOf([answer<"LOGOFF">(duo.next(), { reserved: 0 })]));
  assertEquals([owner.session.phase, owner.tree.connected, create?.open?.closed], [
    "loggedOff",
    false,
    true,
  ]);
});

Deno.test("no bytes of the server raise anything but WireError and remote ProtocolError", () => {
  let state = 7;
  const random = (below: number) =>
    (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below;
  for (let round = 0; round < 400; round++) {
    const duo = ready(100);
    const owner = duo.guest();
    duo.send(createInput(owner), read(100, owner), { ...echo(), ...owner }, read(10, owner));
    const requests = duo.inbox.splice(0);
    const frames = joined([
      frameOf([
        answer<"CREATE">(requests[0] as SeenRequest, createResponseBody({ oplockLevel: 9 })),
      ]),
      frameOf([
        answer<"READ">(requests[1] as SeenRequest, { data: KEY, dataRemaining: 0, flags: 0 }),
        pend(requests[2] as SeenRequest, 1n),
      ]),
      breakFrame({ kind: "oplock", oplockLevel: 1, reserved: 0, reserved2: 0, fileId: FILE_ID }),
      frameOf([refuse(requests[3] as SeenRequest, Status.END_OF_FILE)]),
    ]);
    for (let i = 0; i <= random(6); i++) frames[random(frames.byteLength)] = random(256);
    duo.kinds();
    duo.receive(frames);
    for (const effect of duo.effects) {
      if (effect.kind !== "ended" || effect.error === null) continue;
      const { error } = effect;
      assert(
        error instanceof WireError || (error instanceof ProtocolError && error.side === "remote"),
        `${error}`,
      );
    }
    // Whatever happened, nobody is left waiting once the connection is over.
    duo.take(duo.engine.close(null, 0));
    assertEquals(duo.engine.outstanding, 0);
  }
});
