/**
 * Logins in a capture: NEGOTIATE and SESSION_SETUP messages -> what session keys depend on (MS-SMB2 3.2.5.2, 3.2.5.3): dialect,
 * cipher, preauthentication hash and the tokens of the mechanism.
 */
import {
  CipherId,
  decodeSpnego,
  PreauthHash,
  readApRequest,
  type SpnegoToken,
} from "../runtime/security/mod.ts";
import { Command, isResponse, WireError } from "../runtime/wire/mod.ts";
import type { CapturedMessage } from "./exchange.ts";
import { RecentMap } from "./recent_map.ts";

/** The tokens of a login, each of the mechanism itself. */
export interface LoginTokens {
  ntlmNegotiate: Uint8Array | null;
  ntlmChallenge: Uint8Array | null;
  ntlmAuthenticate: Uint8Array | null;
  /** The token with the client's ticket, and the server's last one. */
  kerberosRequest: Uint8Array | null;
  kerberosReply: Uint8Array | null;
}

/** A login that the server accepted. */
export interface Login {
  readonly stream: number;
  readonly sessionId: bigint;
  /** The connection became a further channel of a session that there is already. */
  readonly binding: boolean;
  /** Null when the negotiation is not in the capture. */
  readonly dialect: number | null;
  readonly cipherId: number;
  /** Null when some of the messages that it is made of are not wholly in the capture. */
  readonly preauthHash: PreauthHash | null;
  readonly tokens: LoginTokens;
}

interface Negotiated {
  dialect: number;
  cipherId: number;
  hash: PreauthHash | null;
}

interface Handshake {
  readonly stream: number;
  hash: PreauthHash | null;
  binding: boolean;
  readonly tokens: LoginTokens;
}

const NO_MESSAGES = PreauthHash.initial();

const STATUS_MORE_PROCESSING_REQUIRED = 0xc0000016;
const SESSION_FLAG_BINDING = 0x01;

/** Handshakes under way at the same time, and bytes of their tokens: each may have hundreds of kilobytes. */
const MAX_HANDSHAKES = 4096;
const MAX_TOKEN_BYTES = 0x1000000;

/** Follows the logins of all connections. */
export class HandshakeFollower {
  readonly #hashes: boolean;
  readonly #connections = new RecentMap<number, Negotiated>();
  /** The one that was gone on with last is last. */
  readonly #handshakes = new Map<string, Handshake>();
  #tokenBytes = 0;
  #lost = 0;

  /** Without `hashes` it is only told whether they could be made: they are for keys, and nobody has any. */
  constructor(options: { readonly hashes: boolean }) {
    this.#hashes = options.hashes;
  }

  /** Takes a plain message, in the order of the capture; gives the login that it completes. */
  observe(bytes: Uint8Array, captured: CapturedMessage, stream: number): Login | null {
    const { message, header } = captured;
    if (captured.encrypted || message === null || message.kind === "raw") return null;
    // A hash over a part of a message would be that of another.
    const whole = captured.known === captured.length;
    if (header.command === Command.NEGOTIATE) {
      this.#negotiate(whole ? bytes : null, captured, stream);
    } else if (header.command === Command.SESSION_SETUP) {
      return this.#sessionSetup(whole ? bytes : null, captured, stream);
    }
    return null;
  }

  /** Logins that were forgotten before they or their connections ended, as too many were under way. */
  get lost(): number {
    return this.#lost;
  }

  /** Nothing more comes of a connection. */
  ended(stream: number): void {
    this.#connections.delete(stream);
  }

  #negotiate(bytes: Uint8Array | null, { message }: CapturedMessage, stream: number): void {
    if (message === null || message.kind === "raw" || message.kind === "error") return;
    if (message.command !== "NEGOTIATE") return;
    if (message.kind === "request") {
      const hash = this.#extended(NO_MESSAGES, bytes);
      this.#connections.set(stream, { dialect: 0, cipherId: CipherId.AES_128_CCM, hash });
      return;
    }
    const connection = this.#connections.get(stream) ??
      { dialect: 0, cipherId: CipherId.AES_128_CCM, hash: null };
    connection.dialect = message.body.dialectRevision;
    connection.hash = this.#extended(connection.hash, bytes);
    for (const context of message.body.contexts ?? []) {
      if (context.kind === "encryption") connection.cipherId = context.ciphers[0] ?? 0;
    }
    this.#connections.set(stream, connection);
  }

  #sessionSetup(
    bytes: Uint8Array | null,
    captured: CapturedMessage,
    stream: number,
  ): Login | null {
    const { message, header } = captured;
    const { sessionId } = header;
    const connection = this.#connections.get(stream);
    const key = `${stream}|${sessionId}`;
    const setup = message !== null && message.kind !== "raw" && message.kind !== "error" &&
        message.command === "SESSION_SETUP"
      ? message
      : null;
    if (!isResponse(header)) {
      const handshake = this.#take(key) ?? newHandshake(stream, connection?.hash ?? null);
      handshake.hash = this.#extended(handshake.hash, bytes);
      if (setup?.kind === "request") {
        handshake.binding ||= (setup.body.flags & SESSION_FLAG_BINDING) !== 0;
        keepToken(handshake.tokens, setup.body.securityBuffer);
      }
      this.#keep(key, handshake);
      return null;
    }
    // The first answer names the session that the first request, with id 0, asked for.
    const waiting = this.#handshakes.has(key) ? key : `${stream}|0`;
    const handshake = this.#take(waiting);
    if (handshake === undefined) return null;
    if (setup?.kind === "response") keepToken(handshake.tokens, setup.body.securityBuffer);
    if (header.status === STATUS_MORE_PROCESSING_REQUIRED) {
      handshake.hash = this.#extended(handshake.hash, bytes);
      this.#keep(key, handshake);
      return null;
    }
    if (header.status !== 0) return null;
    return {
      stream,
      sessionId,
      binding: handshake.binding,
      dialect: connection?.dialect ?? null,
      cipherId: connection?.cipherId ?? CipherId.AES_128_CCM,
      preauthHash: handshake.hash,
      tokens: handshake.tokens,
    };
  }

  #take(key: string): Handshake | undefined {
    const handshake = this.#handshakes.get(key);
    if (handshake === undefined) return undefined;
    this.#handshakes.delete(key);
    this.#tokenBytes -= bytesOf(handshake);
    return handshake;
  }

  #keep(key: string, handshake: Handshake): void {
    this.#handshakes.set(key, handshake);
    this.#tokenBytes += bytesOf(handshake);
    for (const oldest of this.#handshakes.keys()) {
      if (this.#handshakes.size <= MAX_HANDSHAKES && this.#tokenBytes <= MAX_TOKEN_BYTES) return;
      const forgotten = this.#take(oldest);
      if (forgotten !== undefined && this.#connections.has(forgotten.stream)) this.#lost++;
    }
  }

  /** Null where any of the messages is not whole. */
  #extended(hash: PreauthHash | null, bytes: Uint8Array | null): PreauthHash | null {
    if (hash === null || bytes === null) return null;
    return this.#hashes ? hash.extend(bytes) : hash;
  }
}

function bytesOf({ tokens }: Handshake): number {
  return (tokens.ntlmNegotiate?.byteLength ?? 0) + (tokens.ntlmChallenge?.byteLength ?? 0) +
    (tokens.ntlmAuthenticate?.byteLength ?? 0) + (tokens.kerberosRequest?.byteLength ?? 0) +
    (tokens.kerberosReply?.byteLength ?? 0);
}

function newHandshake(stream: number, hash: PreauthHash | null): Handshake {
  return {
    stream,
    hash,
    binding: false,
    tokens: {
      ntlmNegotiate: null,
      ntlmChallenge: null,
      ntlmAuthenticate: null,
      kerberosRequest: null,
      kerberosReply: null,
    },
  };
}

/** Keeps the mechanism's message of a security token, by what it is. */
function keepToken(tokens: LoginTokens, token: Uint8Array): void {
  const message = mechanismToken(token);
  if (message === null) return;
  if (!isNtlm(message)) {
    if (readApRequest(message) !== null) tokens.kerberosRequest = message;
    else tokens.kerberosReply = message;
    return;
  }
  switch (message[8]) {
    case 1:
      tokens.ntlmNegotiate = message;
      break;
    case 2:
      tokens.ntlmChallenge = message;
      break;
    case 3:
      tokens.ntlmAuthenticate = message;
      break;
  }
}

/** What SPNEGO carries, or the token itself where there is no SPNEGO around it. */
function mechanismToken(token: Uint8Array): Uint8Array | null {
  if (token.byteLength === 0) return null;
  if (isNtlm(token)) return token.slice();
  let spnego: SpnegoToken;
  try {
    spnego = decodeSpnego(token);
  } catch (error) {
    if (error instanceof WireError) return token.slice();
    throw error;
  }
  const inner = spnego.kind === "init" ? spnego.mechToken : spnego.responseToken;
  return inner?.slice() ?? null;
}

const NTLM_SIGNATURE = new TextEncoder().encode("NTLMSSP\0");

function isNtlm(token: Uint8Array): boolean {
  return NTLM_SIGNATURE.every((byte, index) => token[index] === byte);
}
