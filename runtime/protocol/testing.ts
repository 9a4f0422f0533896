/**
 * A server for engine tests that has keys: it signs, encrypts, decrypts and compresses by itself, with the security and
 * wire rooms alone, so that the engine's own code is not what it is tested with.
 *
 * @module
 */
import { assert } from "@std/assert";
import {
  answer,
  type AnswerFields,
  frameOf,
  joined,
  negotiateBody,
} from "../../tests/harness/scripted_server.ts";
import {
  cipherKeyLength,
  createSigner,
  decryptPayload,
  deriveSessionKeys,
  encryptPayload,
  PreauthHash,
  type SessionKeys,
  type Signer,
  signingAlgorithmOf,
} from "../security/mod.ts";
import {
  decodeMessage,
  decodeTransformHeader,
  decompressFrame,
  encodeTransformHeader,
  frameContent,
  FrameDecoder,
  frameHeader,
  type Message,
  type NegotiateContext,
  Reader,
  type Request,
  type ResponseBodies,
  splitChain,
  TRANSFORM_HEADER_SIZE,
  Writer,
} from "../wire/mod.ts";
import { ConnectionEngine, type EngineOptions } from "./connection_engine.ts";
import type { Effect } from "./effects.ts";
import { Exchange, type RequestInput } from "./exchange.ts";
import type { NegotiateOptions } from "./negotiation.ts";
import { openNow, sealNow } from "./session_cipher.ts";
import type { SessionOptions } from "./session_setup.ts";
import type { SessionState, TreeState } from "./sessions.ts";

/** A request that arrived, and how. */
export interface Arrived {
  readonly message: Request;
  readonly header: Request["header"];
  readonly bytes: Uint8Array;
  /** Nonce of the encrypted frame, in hexadecimal; null where it was not encrypted. */
  readonly nonce: string | null;
  readonly compressed: boolean;
  /** Number of the frame that it came in, from 0 on. */
  readonly frame: number;
}

/** What a login takes. */
export interface SecureLogin extends Partial<SessionOptions> {
  readonly sessionFlags?: number;
  readonly sessionId?: bigint;
  /** Signs the final response; the right key unless given. */
  readonly finalSigner?: Signer;
}

/** The key that the mechanism gives in every login. */
export const SESSION_KEY = new Uint8Array(16).fill(5);
const NOTHING = new Uint8Array(0);

/** An engine and the server that it speaks to. */
export class SecureDuo {
  readonly engine: ConnectionEngine;
  readonly effects: Effect[] = [];
  readonly inbox: Arrived[] = [];
  keys: SessionKeys | null = null;
  signer: Signer | null = null;
  dialect = 0;
  cipherId = 0;
  now = 0;
  /** Whether effects that leave crypto to the shell are carried out at once. */
  performsCrypto = true;
  readonly #decoder = new FrameDecoder();
  #hash = PreauthHash.initial();
  #frames = 0;
  #sealed = 0;

  constructor(options: Partial<EngineOptions> = {}) {
    this.engine = new ConnectionEngine({ random: (length) => new Uint8Array(length), ...options });
  }

  take(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "write") this.arrive(effect.chunks);
      else if (effect.kind === "writeSealed" && this.performsCrypto) {
        this.arrive(sealNow(effect.job));
      } else if (effect.kind === "open" && this.performsCrypto) {
        this.take(this.engine.opened(effect.id, openNow(effect.job), this.now));
      } else if (effect.kind === "writeSigned" && this.performsCrypto) {
        const message = effect.job.message.slice();
        createSigner(2, effect.job.key).sign(message);
        effect.head.set(message.subarray(48, 64), 48);
        this.arrive(effect.chunks);
      } else if (effect.kind === "verify" && this.performsCrypto) {
        const message = effect.job.message.slice();
        message.set(effect.signature, 48);
        const isValid = createSigner(2, effect.job.key).verify(message);
        this.take(this.engine.verified(effect.id, isValid, this.now));
      } else this.effects.push(effect);
    }
  }

  /** Frames of the client. */
  arrive(chunks: readonly Uint8Array[]): void {
    for (const { payload } of this.#decoder.push(joined(chunks))) {
      const frame = this.#frames++;
      const { text, nonce } = this.#opened(payload);
      const compressed = frameContent(text) === "compression";
      const chain = compressed ? decompressFrame(text, { maxLength: 1 << 24 }) : text;
      for (const { bytes } of splitChain(chain)) {
        const message = decodeMessage(bytes);
        assert(message.kind === "request");
        const { header } = message;
        this.inbox.push({ message, header, bytes: bytes.slice(), nonce, compressed, frame });
      }
    }
  }

  next(): Arrived {
    const request = this.inbox.shift();
    assert(request !== undefined, "the client sent nothing");
    return request;
  }

  find<K extends Effect["kind"]>(kind: K): Extract<Effect, { kind: K }> {
    const effect = this.effects.find((effect) => effect.kind === kind);
    assert(effect !== undefined, `there is no effect ${kind}`);
    return effect as Extract<Effect, { kind: K }>;
  }

  /** Kinds of the effects since the last call, messages left out. */
  kinds(): string[] {
    const kinds = this.effects.splice(0).map(({ kind }) => kind);
    return kinds.filter((kind) => kind !== "sent" && kind !== "received");
  }

  receive(...frames: Uint8Array[]): void {
    this.take(this.engine.receive(joined(frames), this.now));
  }

  send(input: RequestInput): Exchange {
    const exchange = new Exchange(input);
    this.take(this.engine.send([exchange], this.now));
    return exchange;
  }

  negotiate(
    dialect: number,
    more: {
      readonly offer?: NegotiateOptions;
      readonly body?: Partial<ResponseBodies["NEGOTIATE"]>;
      readonly contexts?: readonly NegotiateContext[];
      readonly cipherId?: number;
    } = {},
  ): void {
    this.dialect = dialect;
    this.cipherId = more.cipherId ?? (dialect === 0x0311 ? 2 : 1);
    this.take(this.engine.negotiate({ dialects: [dialect], ...more.offer }, this.now));
    const request = this.next();
    const base = negotiateBody(dialect, { capabilities: 0x4f, ...more.body });
    const contexts: readonly NegotiateContext[] = [
      ...base.contexts ?? [],
      { kind: "encryption", ciphers: [this.cipherId] },
      ...more.contexts ?? [],
    ];
    const body = dialect === 0x0311 ? { ...base, contexts } : base;
    const response = frameOf([answer<"NEGOTIATE">(request, body, { credits: 100 })]);
    this.#hash = this.#hash.extend(request.bytes).extend(response.subarray(4));
    this.receive(response);
  }

  /** Logs in, or joins with a further channel (`bind`), or tries to. */
  login(options: SecureLogin = {}): SessionState {
    const { sessionFlags = 0, sessionId = 9n, finalSigner, ...more } = options;
    const { session, effects } = this.engine.startSession({ user: "alice", ...more });
    this.take(effects);
    if (session.phase !== "authenticating") return session;
    const step = { token: SESSION_KEY, done: false, sessionKey: SESSION_KEY };
    this.take(this.engine.authenticated(session, step, this.now));
    const request = this.next();
    this.setup = request;
    const keys = deriveSessionKeys({
      dialect: this.dialect,
      sessionKey: SESSION_KEY,
      preauthHash: this.#hash.extend(request.bytes),
      cipherKeyLength: cipherKeyLength(this.cipherId),
    });
    const algorithm = signingAlgorithmOf(
      this.dialect,
      this.engine.negotiated?.signingAlgorithm,
    );
    this.signer = createSigner(algorithm, keys.signingKey);
    if (more.bind === undefined) this.keys = keys;
    const final = answer<"SESSION_SETUP">(
      request,
      { sessionFlags, securityBuffer: NOTHING },
      { sessionId },
    );
    this.receive(frameOf([final], finalSigner ?? this.signer));
    this.take(this.engine.authenticated(session, { ...step, token: null, done: true }, this.now));
    return session;
  }

  /** The SESSION_SETUP request of the last login. */
  setup: Arrived | null = null;

  tree(session: SessionState, shareFlags = 0): TreeState {
    const { tree, effects } = this.engine.treeConnect(session, {
      path: "\\\\s\\share",
      validateNegotiate: false,
    }, this.now);
    this.take(effects);
    const request = this.next();
    const body = { shareType: 1, shareFlags, capabilities: 0, maximalAccess: 0 };
    const response = answer<"TREE_CONNECT">(request, body, { treeId: 3 });
    this.receive(request.nonce === null ? frameOf([response], this.signer) : this.seal(response));
    return tree;
  }

  /** Answers as the request came: encrypted or not. */
  reply<C extends keyof ResponseBodies>(
    request: Arrived,
    body: ResponseBodies[C],
    fields: AnswerFields = {},
  ): void {
    const response = answer<C>(request, body, fields);
    this.receive(request.nonce === null ? frameOf([response]) : this.seal(response));
  }

  /** An encrypted frame of messages. */
  seal(...messages: Message[]): Uint8Array {
    return this.sealBytes(frameOf(messages).subarray(4));
  }

  /** An encrypted frame of bytes; header fields may be wrong. */
  sealBytes(
    text: Uint8Array,
    wrong: { sessionId?: bigint; flags?: number; size?: number; key?: Uint8Array } = {},
  ): Uint8Array {
    const nonce = new Uint8Array(16);
    new DataView(nonce.buffer).setUint32(0, ++this.#sealed, true);
    const key = wrong.key ?? this.keys?.serverToClientKey;
    assert(key);
    const header = {
      signature: new Uint8Array(16),
      nonce,
      originalMessageSize: wrong.size ?? text.byteLength,
      reserved: 0,
      flags: wrong.flags ?? 1,
      sessionId: wrong.sessionId ?? 9n,
    };
    const writer = new Writer(TRANSFORM_HEADER_SIZE);
    encodeTransformHeader(writer, header);
    const aad = writer.bytes().slice(20);
    const input = { cipherId: this.cipherId, key, nonce, aad };
    const { ciphertext, signature } = encryptPayload(input, text);
    const sealed = new Writer(TRANSFORM_HEADER_SIZE);
    encodeTransformHeader(sealed, { ...header, signature });
    const frame = joined([sealed.bytes(), ciphertext]);
    return joined([frameHeader(frame.byteLength), frame]);
  }

  #opened(payload: Uint8Array): { text: Uint8Array; nonce: string | null } {
    if (frameContent(payload) !== "transform") return { text: payload, nonce: null };
    const reader = new Reader(payload);
    const header = decodeTransformHeader(reader);
    const key = this.keys?.clientToServerKey;
    assert(key);
    const text = decryptPayload(
      { cipherId: this.cipherId, key, nonce: header.nonce, aad: payload.slice(20, 52) },
      payload.slice(52),
      header.signature,
    );
    assert(text !== null, "the client's frame cannot be decrypted");
    return { text, nonce: header.nonce.toHex() };
  }
}

/** An ECHO. */
export function echo(session: SessionState): RequestInput<"ECHO"> {
  return { command: "ECHO", body: { reserved: 0 }, session };
}

/** A READ of the file that has the id of `createResponseBody`. */
export function read(
  owner: { session: SessionState; tree: TreeState },
  length = 10,
): RequestInput<"READ"> {
  return {
    ...owner,
    command: "READ",
    body: {
      padding: 0x50,
      flags: 0,
      length,
      offset: 0n,
      fileId: { persistent: 1n, volatile: 2n },
      minimumCount: 0,
      channel: 0,
      remainingBytes: 0,
      channelInfo: NOTHING,
    },
  };
}

/** A WRITE to the same file. */
export function write(
  owner: { session: SessionState; tree: TreeState },
  data: Uint8Array,
): RequestInput<"WRITE"> {
  return {
    ...owner,
    command: "WRITE",
    body: {
      offset: 0n,
      fileId: { persistent: 1n, volatile: 2n },
      channel: 0,
      remainingBytes: 0,
      channelInfo: NOTHING,
      flags: 0,
      data,
    },
  };
}

/** A CREATE. */
export function create(
  owner: { session: SessionState; tree: TreeState },
  contexts: RequestInput<"CREATE">["body"]["contexts"] = [],
): RequestInput<"CREATE"> {
  return {
    ...owner,
    command: "CREATE",
    body: {
      securityFlags: 0,
      requestedOplockLevel: 0,
      impersonationLevel: 2,
      smbCreateFlags: 0n,
      reserved: 0n,
      desiredAccess: 1,
      fileAttributes: 0,
      shareAccess: 7,
      createDisposition: 1,
      createOptions: 0,
      name: "f",
      contexts,
    },
  };
}
