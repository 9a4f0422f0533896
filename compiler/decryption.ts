/**
 * Encrypted frames -> plain ones, for sessions whose key is known: from the NTLM password of a captured SESSION_SETUP,
 * or as a session key, or as the keys of both directions (MS-SMB2 3.1.4.2, 3.1.4.3).
 */
import {
  CipherId,
  cipherKeyLength,
  decodeSpnego,
  decryptPayload,
  deriveSessionKeys,
  ntHash,
  PreauthHash,
  SecurityError,
  verifyNtlmExchange,
} from "../runtime/security/mod.ts";
import {
  Command,
  decodeTransformHeader,
  decompressFrame,
  isResponse,
  MAX_FRAME_LENGTH,
  Reader,
  TRANSFORM_HEADER_SIZE,
  WireError,
} from "../runtime/wire/mod.ts";
import type { CapturedMessage, Unwrapped, Unwrapper } from "./exchange.ts";

/** What is known of the sessions of a capture. */
export interface DecryptionKeys {
  /** Password of the users that logged in by NTLM. */
  readonly password?: string;
  /** By SessionId. */
  readonly sessions?: ReadonlyMap<bigint, KnownKeys>;
}

/** Keys of one session: the key of the authentication, or those of the directions. */
export interface KnownKeys {
  readonly sessionKey?: Uint8Array;
  readonly serverToClient?: Uint8Array;
  readonly clientToServer?: Uint8Array;
}

interface ConnectionKeys {
  dialect: number;
  cipherId: number;
  hash: PreauthHash;
}

interface Handshake {
  hash: PreauthHash;
  negotiate: Uint8Array | null;
  challenge: Uint8Array | null;
  authenticate: Uint8Array | null;
}

interface CipherKeys {
  readonly cipherIds: readonly number[];
  readonly keys: readonly Uint8Array[];
}

const STATUS_MORE_PROCESSING_REQUIRED = 0xc0000016;
const ALL_CIPHERS = Object.values(CipherId);

/** Handshakes under way that are remembered: more are an attack. */
const MAX_HANDSHAKES = 65_536;

/** Decrypts what it has keys for; follows the handshakes to get them. */
export class Decryption implements Unwrapper {
  readonly #ntHash: Uint8Array | null;
  readonly #known: ReadonlyMap<bigint, KnownKeys>;
  readonly #connections = new Map<number, ConnectionKeys>();
  readonly #handshakes = new Map<string, Handshake>();
  readonly #sessions = new Map<string, CipherKeys>();

  constructor(keys: DecryptionKeys) {
    this.#ntHash = keys.password === undefined ? null : ntHash(keys.password);
    this.#known = keys.sessions ?? new Map();
  }

  unwrap(unit: Uint8Array, stream: number): Unwrapped | null {
    const plain = unit[0] === 0xfc
      ? { bytes: unit, encrypted: false, compressed: false }
      : this.#decrypt(unit, stream);
    if (plain === null || plain.bytes[0] !== 0xfc) return plain;
    try {
      const bytes = decompressFrame(plain.bytes, { maxLength: MAX_FRAME_LENGTH });
      return bytes[0] === 0xfe ? { ...plain, bytes, compressed: true } : null;
    } catch (error) {
      if (error instanceof WireError) return null;
      throw error;
    }
  }

  #decrypt(unit: Uint8Array, stream: number): Unwrapped | null {
    if (unit[0] !== 0xfd || unit.byteLength < TRANSFORM_HEADER_SIZE) return null;
    const header = decodeTransformHeader(new Reader(unit));
    const session = this.#sessions.get(`${stream}|${header.sessionId}`) ??
      this.#sessions.get(`|${header.sessionId}`) ?? this.#given(header.sessionId, stream);
    if (session === null) return null;
    const aad = unit.subarray(AAD_START, TRANSFORM_HEADER_SIZE);
    const ciphertext = unit.subarray(TRANSFORM_HEADER_SIZE);
    for (const cipherId of session.cipherIds) {
      for (const key of session.keys) {
        if (key.byteLength !== cipherKeyLength(cipherId)) continue;
        const input = { cipherId, key, nonce: header.nonce, aad };
        const bytes = decryptPayload(input, ciphertext, header.signature);
        if (bytes !== null && (bytes[0] === 0xfe || bytes[0] === 0xfc)) {
          return { bytes, encrypted: true, compressed: false };
        }
      }
    }
    return null;
  }

  observe(bytes: Uint8Array, captured: CapturedMessage, stream: number): void {
    const { message, header } = captured;
    if (captured.encrypted || message === null) return;
    if (header.command === Command.NEGOTIATE) return this.#negotiate(bytes, captured, stream);
    if (header.command === Command.SESSION_SETUP) this.#sessionSetup(bytes, captured, stream);
  }

  #negotiate(bytes: Uint8Array, { message }: CapturedMessage, stream: number): void {
    if (message === null || message.kind === "raw" || message.kind === "error") return;
    if (message.command !== "NEGOTIATE") return;
    if (message.kind === "request") {
      const hash = PreauthHash.initial().extend(bytes);
      this.#connections.set(stream, { dialect: 0, cipherId: CipherId.AES_128_CCM, hash });
      return;
    }
    const connection = this.#connections.get(stream);
    if (connection === undefined) return;
    connection.dialect = message.body.dialectRevision;
    connection.hash = connection.hash.extend(bytes);
    for (const context of message.body.contexts ?? []) {
      if (context.kind === "encryption") connection.cipherId = context.ciphers[0] ?? 0;
    }
  }

  #sessionSetup(bytes: Uint8Array, captured: CapturedMessage, stream: number): void {
    const connection = this.#connections.get(stream);
    const { message, header } = captured;
    if (connection === undefined || message === null || message.kind === "raw") return;
    const key = `${stream}|${header.sessionId}`;
    if (!isResponse(header)) {
      const handshake = this.#handshakes.get(key) ??
        { hash: connection.hash, negotiate: null, challenge: null, authenticate: null };
      handshake.hash = handshake.hash.extend(bytes);
      if (message.kind === "request" && message.command === "SESSION_SETUP") {
        keepToken(handshake, message.body.securityBuffer);
      }
      if (this.#handshakes.size < MAX_HANDSHAKES) this.#handshakes.set(key, handshake);
      return;
    }
    // The first answer names the session that the first request, with id 0, asked for.
    const waiting = this.#handshakes.has(key) ? key : `${stream}|0`;
    const handshake = this.#handshakes.get(waiting);
    this.#handshakes.delete(waiting);
    if (handshake === undefined) return;
    if (header.status === STATUS_MORE_PROCESSING_REQUIRED) {
      handshake.hash = handshake.hash.extend(bytes);
      if (message.kind === "response" && message.command === "SESSION_SETUP") {
        keepToken(handshake, message.body.securityBuffer);
      }
      this.#handshakes.set(key, handshake);
    } else if (header.status === 0) {
      this.#established({ stream, sessionId: header.sessionId }, { connection, handshake });
    }
  }

  #established(
    { stream, sessionId }: { stream: number; sessionId: bigint },
    { connection, handshake }: { connection: ConnectionKeys; handshake: Handshake },
  ): void {
    const sessionKey = this.#known.get(sessionId)?.sessionKey ?? this.#ntlmKey(handshake);
    if (sessionKey === null || connection.dialect < 0x0300) return;
    const cipherId = connection.dialect < 0x0311 ? CipherId.AES_128_CCM : connection.cipherId;
    if (!(ALL_CIPHERS as readonly number[]).includes(cipherId)) return;
    const keys = deriveSessionKeys({
      dialect: connection.dialect,
      sessionKey,
      preauthHash: handshake.hash,
      cipherKeyLength: cipherKeyLength(cipherId),
    });
    this.#sessions.set(`${stream}|${sessionId}`, {
      cipherIds: [cipherId],
      keys: [keys.clientToServerKey!, keys.serverToClientKey!],
    });
  }

  #ntlmKey({ negotiate, challenge, authenticate }: Handshake): Uint8Array | null {
    const hash = this.#ntHash;
    if (hash === null || negotiate === null || challenge === null || authenticate === null) {
      return null;
    }
    try {
      const exchange = { negotiate, challenge, authenticate };
      return verifyNtlmExchange(exchange, { findNtHash: () => hash }).sessionKey;
    } catch (error) {
      if (error instanceof WireError || error instanceof SecurityError) return null;
      throw error;
    }
  }

  /** Keys of the directions need no handshake, only a cipher that fits: all of their length are tried. */
  #given(sessionId: bigint, stream: number): CipherKeys | null {
    const given = this.#known.get(sessionId);
    const keys = [given?.clientToServer, given?.serverToClient].filter((key) => key !== undefined);
    if (keys.length === 0) return null;
    const session = { cipherIds: ALL_CIPHERS, keys };
    this.#sessions.set(`${stream}|${sessionId}`, session);
    return session;
  }
}

/** The Nonce field and all behind it are authenticated (MS-SMB2 3.1.4.3). */
const AAD_START = 20;

/** Keeps the NTLM message of a security token, by its type. */
function keepToken(handshake: Handshake, token: Uint8Array): void {
  const message = ntlmMessage(token);
  switch (message?.[8]) {
    case 1:
      handshake.negotiate = message;
      break;
    case 2:
      handshake.challenge = message;
      break;
    case 3:
      handshake.authenticate = message;
      break;
  }
}

function ntlmMessage(token: Uint8Array): Uint8Array | null {
  if (isNtlm(token)) return token.slice();
  try {
    const spnego = decodeSpnego(token);
    const inner = spnego.kind === "init" ? spnego.mechToken : spnego.responseToken;
    return inner !== null && isNtlm(inner) ? inner.slice() : null;
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

const NTLM_SIGNATURE = new TextEncoder().encode("NTLMSSP\0");

function isNtlm(token: Uint8Array): boolean {
  return NTLM_SIGNATURE.every((byte, index) => token[index] === byte);
}
