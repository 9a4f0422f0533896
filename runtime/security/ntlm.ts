/**
 * NTLMv2 authentication (MS-NLMP section 3): both sides as step functions over tokens. Randomness and time are
 * arguments. NTLMv1 and LM responses are refused: they need DES and no current peer sends them.
 *
 * @module
 */
import { Reader, WireError, Writer } from "../wire/mod.ts";
import { equalBytes, utf16Bytes } from "./bytes.ts";
import { SecurityError } from "./errors.ts";
import type { AcceptFailure, AcceptorMechanism, Identity, Mechanism } from "./mechanism.ts";
import { MechanismOid } from "./mechanism.ts";
import {
  announcesMic,
  channelBindingsHash,
  computeMic,
  computeResponse,
  decodeResponse,
  exchangesKey,
  firstSignature,
  ntHash,
  responseKey,
  verifyResponse,
} from "./ntlm_crypto.ts";
import {
  AV_FLAG_MIC,
  AvId,
  type AvPair,
  decodeNtlm,
  encodeNtlm,
  MIC_OFFSET,
  type NtlmAuthenticate,
  type NtlmChallenge,
  NtlmFlags,
  type NtlmMessage,
} from "./ntlm_messages.ts";
import { rc4 } from "./rc4.ts";

/** Gives as many random bytes as asked for. */
export type RandomSource = (length: number) => Uint8Array;

/** Who logs in, and what the computation needs from outside. */
export interface NtlmClientOptions {
  /** Empty for an anonymous login. */
  readonly user: string;
  /** The account's domain; empty lets the server choose. */
  readonly domain?: string | undefined;
  /** Either this or `ntHash`; neither for an anonymous login. */
  readonly password?: string | undefined;
  /** The password's NT hash, 16 bytes. */
  readonly ntHash?: Uint8Array | undefined;
  /** The client's computer name, as servers log it. */
  readonly workstation?: string | undefined;
  /** The service principal name that the client means to reach, such as `cifs/server`. */
  readonly targetName?: string | undefined;
  /** An encoded `gss_channel_bindings_struct`; rarely used with SMB. */
  readonly channelBindings?: Uint8Array | undefined;
  readonly random: RandomSource;
  /** The present time in 100-nanosecond intervals since 1601; used when the server sends no timestamp. */
  readonly now: () => bigint;
}

const CLIENT_FLAGS = (NtlmFlags.UNICODE | NtlmFlags.REQUEST_TARGET | NtlmFlags.SIGN |
  NtlmFlags.NTLM | NtlmFlags.ALWAYS_SIGN | NtlmFlags.EXTENDED_SESSIONSECURITY |
  NtlmFlags.TARGET_INFO | NtlmFlags.VERSION | NtlmFlags.ENCRYPT_128 | NtlmFlags.KEY_EXCH |
  NtlmFlags.ENCRYPT_56) >>> 0;

/** Windows 10's version numbers and revision 15 (MS-NLMP section 2.2.2.10), which some servers look at. */
const VERSION = new Uint8Array([10, 0, 0x63, 0x45, 0, 0, 0, 15]);

/**
 * The initiating side of NTLMv2.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NtlmClient, ntHash, NtlmServer } from "./mod.ts";
 *
 * const random = (length: number) => new Uint8Array(length).fill(7);
 * const now = () => 133_000_000_000_000_000n;
 * const client = new NtlmClient({ user: "alice", password: "secret", random, now });
 * const server = new NtlmServer({
 *   computerName: "LAB",
 *   findNtHash: (user) => user === "alice" ? ntHash("secret") : null,
 *   random,
 *   now,
 * });
 * const challenge = server.step(client.step(null).token);
 * server.step(client.step(challenge.token).token);
 * assertEquals(server.identity?.user, "alice");
 * assertEquals(server.sessionKey, client.sessionKey);
 * ```
 */
export class NtlmClient implements Mechanism {
  readonly oid = MechanismOid.NTLMSSP;
  readonly #options: NtlmClientOptions;
  #negotiate: Uint8Array | null = null;
  #sessionKey: Uint8Array | null = null;
  #flags = 0;
  #done = false;

  /**
   * @throws {TypeError} When a user name comes with neither password nor hash.
   * @throws {RangeError} When the hash does not have 16 bytes.
   */
  constructor(options: NtlmClientOptions) {
    if (options.user !== "" && options.password === undefined && options.ntHash === undefined) {
      throw new TypeError("Cannot create an NTLM client: there is neither password nor hash");
    }
    if (options.ntHash !== undefined && options.ntHash.length !== 16) {
      throw new RangeError(
        `Cannot create an NTLM client: the hash has ${options.ntHash.length} bytes`,
      );
    }
    this.#options = options;
  }

  get sessionKey(): Uint8Array | null {
    return this.#sessionKey;
  }

  step(token: Uint8Array | null): { token: Uint8Array | null; done: boolean } {
    if (this.#done) throw new Error("Cannot continue NTLM: the client is done");
    if (this.#negotiate === null) {
      const message = { type: 1, flags: CLIENT_FLAGS, domain: "", workstation: "" } as const;
      this.#negotiate = encodeNtlm({ ...message, version: VERSION });
      return { token: this.#negotiate, done: false };
    }
    const bytes = token ?? new Uint8Array(0);
    const challenge = expectMessage(bytes, 2);
    this.#flags = agreedFlags(challenge.flags);
    const authenticate = this.#options.user === ""
      ? this.#answerAnonymously()
      : this.#answer(challenge, { negotiate: this.#negotiate, challenge: bytes });
    this.#done = true;
    return { token: authenticate, done: true };
  }

  mic(message: Uint8Array): Uint8Array | null {
    return signatureOf(this.#sessionKey, { flags: this.#flags, fromClient: true, message });
  }

  verifyMic(message: Uint8Array, mic: Uint8Array): boolean | null {
    const signed = { flags: this.#flags, fromClient: false, message };
    const expected = signatureOf(this.#sessionKey, signed);
    return expected === null ? null : equalBytes(expected, mic);
  }

  #answer(
    challenge: NtlmChallenge,
    sent: { readonly negotiate: Uint8Array; readonly challenge: Uint8Array },
  ): Uint8Array {
    const { user, domain = "", workstation = "", password = "", random } = this.#options;
    const serverTime = findTime(challenge.targetInfo ?? []);
    const withMic = serverTime !== null;
    const key = responseKey(this.#options.ntHash ?? ntHash(password), { user, domain });
    const response = computeResponse(key, {
      serverChallenge: challenge.serverChallenge,
      clientChallenge: random(8),
      time: serverTime ?? this.#options.now(),
      targetInfo: challenge.targetInfo === null
        ? []
        : this.#responseInfo(challenge.targetInfo, withMic),
    });
    const exchanged = this.#exchangeKey(response.sessionBaseKey);
    const authenticate = encodeNtlm({
      type: 3,
      // A server that sends its time gets no LM response (MS-NLMP section 3.1.5.2.1); Windows sends zeros.
      lmResponse: withMic ? new Uint8Array(24) : response.lmResponse,
      ntResponse: response.ntResponse,
      domain,
      user,
      workstation,
      encryptedSessionKey: exchanged.encrypted,
      flags: this.#flags,
      version: VERSION,
      mic: withMic ? new Uint8Array(16) : null,
    });
    if (withMic) {
      authenticate.set(computeMic(exchanged.exported, { ...sent, authenticate }), MIC_OFFSET);
    }
    return authenticate;
  }

  #answerAnonymously(): Uint8Array {
    const exchanged = this.#exchangeKey(new Uint8Array(16));
    return encodeNtlm({
      type: 3,
      lmResponse: new Uint8Array(1),
      ntResponse: new Uint8Array(0),
      domain: "",
      user: "",
      workstation: this.#options.workstation ?? "",
      encryptedSessionKey: exchanged.encrypted,
      flags: (this.#flags | NtlmFlags.ANONYMOUS) >>> 0,
      version: VERSION,
      mic: null,
    });
  }

  #exchangeKey(keyExchangeKey: Uint8Array): { exported: Uint8Array; encrypted: Uint8Array } {
    const exchange = exchangesKey(this.#flags);
    const exported = exchange ? Uint8Array.from(this.#options.random(16)) : keyExchangeKey;
    this.#sessionKey = exported;
    return { exported, encrypted: exchange ? rc4(keyExchangeKey, exported) : new Uint8Array(0) };
  }

  /** The server's pairs and what the client adds to them (MS-NLMP section 3.1.5.2.1). */
  #responseInfo(offered: readonly AvPair[], withMic: boolean): AvPair[] {
    const { channelBindings, targetName = "" } = this.#options;
    const own: readonly number[] = [AvId.FLAGS, AvId.CHANNEL_BINDINGS, AvId.TARGET_NAME];
    const pairs = offered.filter((pair) => !own.includes(pair.id));
    const flags = offered.find((pair) => pair.id === AvId.FLAGS)?.value;
    const flagBits = flags === undefined ? 0 : new Reader(flags).u32("MsvAvFlags");
    if (withMic) pairs.push({ id: AvId.FLAGS, value: u32Bytes((flagBits | AV_FLAG_MIC) >>> 0) });
    else if (flags !== undefined) pairs.push({ id: AvId.FLAGS, value: flags });
    pairs.push({
      id: AvId.CHANNEL_BINDINGS,
      value: channelBindings === undefined
        ? new Uint8Array(16)
        : channelBindingsHash(channelBindings),
    });
    pairs.push({ id: AvId.TARGET_NAME, value: utf16Bytes(targetName) });
    return pairs;
  }
}

/** Whom a server accepts, and what the computation needs from outside. */
export interface NtlmServerOptions {
  /** The server's NetBIOS name. */
  readonly computerName: string;
  /** The NetBIOS name of its domain; the computer name where there is none. */
  readonly domainName?: string | undefined;
  readonly dnsComputerName?: string | undefined;
  readonly dnsDomainName?: string | undefined;
  /** The NT hash of an account, or null when there is none of that name. Names arrive as the client wrote them. */
  readonly findNtHash: (user: string, domain: string) => Uint8Array | null;
  /** Whether a user without account becomes a guest. Not unless told. */
  readonly guest?: boolean | undefined;
  /** Whether a client may log in without a name. Not unless told. */
  readonly anonymous?: boolean | undefined;
  readonly random: RandomSource;
  /** The present time in 100-nanosecond intervals since 1601. */
  readonly now: () => bigint;
}

const SERVER_FLAGS = (CLIENT_FLAGS | NtlmFlags.OEM | NtlmFlags.SEAL) >>> 0;

/** The accepting side of NTLMv2. See {@linkcode NtlmClient} for an example. */
export class NtlmServer implements AcceptorMechanism {
  readonly oid = MechanismOid.NTLMSSP;
  readonly #options: NtlmServerOptions;
  #sent: Omit<NtlmExchange, "authenticate"> | null = null;
  #verdict: NtlmVerdict | null = null;

  constructor(options: NtlmServerOptions) {
    this.#options = options;
  }

  /** The exported session key of a user; null for guests, who have proven no key, and for failures. */
  get sessionKey(): Uint8Array | null {
    return this.#verdict?.sessionKey ?? null;
  }

  get identity(): Identity | null {
    return this.#verdict?.identity ?? null;
  }

  get failure(): AcceptFailure | null {
    return this.#verdict?.failure ?? null;
  }

  step(token: Uint8Array | null): { token: Uint8Array | null; done: boolean } {
    if (this.#verdict !== null) {
      throw new Error("Cannot continue NTLM: the server is done");
    }
    const bytes = token ?? new Uint8Array(0);
    if (this.#sent === null) {
      const challenge = this.#challenge(expectMessage(bytes, 1).flags);
      this.#sent = { negotiate: bytes.slice(), challenge };
      return { token: challenge, done: false };
    }
    this.#verdict = verifyNtlmExchange({ ...this.#sent, authenticate: bytes }, this.#options);
    return { token: null, done: true };
  }

  mic(message: Uint8Array): Uint8Array | null {
    const flags = this.#verdict?.flags ?? 0;
    return signatureOf(this.sessionKey, { flags, fromClient: false, message });
  }

  verifyMic(message: Uint8Array, mic: Uint8Array): boolean | null {
    const signed = { flags: this.#verdict?.flags ?? 0, fromClient: true, message };
    const expected = signatureOf(this.sessionKey, signed);
    return expected === null ? null : equalBytes(expected, mic);
  }

  #challenge(clientFlags: number): Uint8Array {
    const { computerName, random, now } = this.#options;
    const domainName = this.#options.domainName ?? computerName;
    const character = (clientFlags & NtlmFlags.UNICODE) !== 0 ? NtlmFlags.OEM : 0;
    const flags = (clientFlags & SERVER_FLAGS & ~character) | NtlmFlags.TARGET_INFO |
      NtlmFlags.TARGET_TYPE_SERVER;
    return encodeNtlm({
      type: 2,
      targetName: computerName,
      flags: flags >>> 0,
      serverChallenge: random(8),
      version: VERSION,
      targetInfo: [
        { id: AvId.NB_DOMAIN_NAME, value: utf16Bytes(domainName) },
        { id: AvId.NB_COMPUTER_NAME, value: utf16Bytes(computerName) },
        { id: AvId.DNS_DOMAIN_NAME, value: utf16Bytes(this.#options.dnsDomainName ?? "") },
        {
          id: AvId.DNS_COMPUTER_NAME,
          value: utf16Bytes(this.#options.dnsComputerName ?? computerName.toLowerCase()),
        },
        { id: AvId.TIMESTAMP, value: u64Bytes(now()) },
      ],
    });
  }
}

/** The three messages of one exchange, as they were on the wire. */
export interface NtlmExchange {
  readonly negotiate: Uint8Array;
  readonly challenge: Uint8Array;
  readonly authenticate: Uint8Array;
}

/** Whom an exchange authenticates. */
export interface NtlmVerdict {
  readonly identity: Identity | null;
  /** The exported session key; null for guests, who have proven no key, and for failures. */
  readonly sessionKey: Uint8Array | null;
  readonly failure: AcceptFailure | null;
  /** The negotiate flags that the client settled on. */
  readonly flags: number;
}

/**
 * Judges a whole exchange: what a server does with the last message, and what a capture reader does who knows the
 * password and wants the session key.
 *
 * @param exchange The three messages.
 * @param accounts Who exists, and whether guests and anonymous clients are let in.
 * @returns The verdict; a wrong password or MIC is a failure in it.
 * @throws {WireError} When a message is malformed or not of its type.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NtlmClient, ntHash, NtlmServer, verifyNtlmExchange } from "./mod.ts";
 *
 * const random = (length: number) => new Uint8Array(length).fill(7);
 * const now = () => 0n;
 * const client = new NtlmClient({ user: "alice", password: "pw", random, now });
 * const server = new NtlmServer({ computerName: "LAB", findNtHash: () => null, random, now });
 * const negotiate = client.step(null).token ?? new Uint8Array();
 * const challenge = server.step(negotiate).token ?? new Uint8Array();
 * const authenticate = client.step(challenge).token ?? new Uint8Array();
 *
 * const exchange = { negotiate, challenge, authenticate };
 * const verdict = verifyNtlmExchange(exchange, { findNtHash: () => ntHash("pw") });
 * assertEquals(verdict.sessionKey, client.sessionKey);
 * ```
 */
export function verifyNtlmExchange(
  exchange: NtlmExchange,
  accounts: Pick<NtlmServerOptions, "findNtHash" | "guest" | "anonymous">,
): NtlmVerdict {
  const { serverChallenge } = expectMessage(exchange.challenge, 2);
  const message = expectMessage(exchange.authenticate, 3);
  const { user, domain, flags } = message;
  const refused = { identity: null, sessionKey: null, failure: "logonFailure", flags } as const;
  if (user === "" && message.ntResponse.length === 0) {
    if (accounts.anonymous !== true) return refused;
    const sessionKey = receivedKey(new Uint8Array(16), message);
    const identity = { user: "", domain: "", kind: "anonymous" } as const;
    return { identity, sessionKey, failure: null, flags };
  }
  const hash = accounts.findNtHash(user, domain);
  if (hash === null) {
    if (accounts.guest !== true) return refused;
    return { identity: { user, domain, kind: "guest" }, sessionKey: null, failure: null, flags };
  }
  // 24 bytes are an NTLMv1 response; an NTLMv2 response is never that short.
  if (message.ntResponse.length <= 24) return refused;
  const response = decodeResponse(message.ntResponse);
  const key = responseKey(hash, { user, domain });
  const base = verifyResponse(key, { serverChallenge, response });
  if (base === null) return refused;
  const sessionKey = receivedKey(base, message);
  if (announcesMic(response.targetInfo)) {
    const mic = message.mic;
    if (mic === null || !equalBytes(computeMic(sessionKey, exchange), mic)) return refused;
  }
  return { identity: { user, domain, kind: "user" }, sessionKey, failure: null, flags };
}

function receivedKey(keyExchangeKey: Uint8Array, message: NtlmAuthenticate): Uint8Array {
  if (!exchangesKey(message.flags)) return keyExchangeKey;
  if (message.encryptedSessionKey.length !== 16) {
    throw new WireError(
      `Cannot decode EncryptedRandomSessionKey: it has ${message.encryptedSessionKey.length} bytes`,
      { field: "EncryptedRandomSessionKey", offset: 52 },
    );
  }
  return rc4(keyExchangeKey, message.encryptedSessionKey);
}

function expectMessage<T extends NtlmMessage["type"]>(
  bytes: Uint8Array,
  type: T,
): Extract<NtlmMessage, { type: T }> {
  const message = decodeNtlm(bytes);
  if (message.type !== type) {
    throw new WireError(`Cannot continue NTLM: MessageType is ${message.type}, not ${type}`, {
      field: "MessageType",
      offset: 8,
    });
  }
  return message as Extract<NtlmMessage, { type: T }>;
}

function agreedFlags(serverFlags: number): number {
  const flags = (serverFlags & CLIENT_FLAGS) >>> 0;
  const needed = NtlmFlags.UNICODE | NtlmFlags.NTLM;
  if ((flags & needed) !== needed) {
    throw new SecurityError(
      `Cannot continue NTLM: the server's flags are 0x${serverFlags.toString(16)}`,
      "unsupported",
    );
  }
  return flags;
}

function findTime(pairs: readonly AvPair[]): bigint | null {
  const pair = pairs.find(({ id }) => id === AvId.TIMESTAMP);
  return pair === undefined ? null : new Reader(pair.value).u64("MsvAvTimestamp");
}

function signatureOf(
  exportedSessionKey: Uint8Array | null,
  signed: { readonly flags: number; readonly fromClient: boolean; readonly message: Uint8Array },
): Uint8Array | null {
  if (exportedSessionKey === null) return null;
  const { flags, fromClient, message } = signed;
  return firstSignature({ exportedSessionKey, flags, fromClient }, message);
}

function u32Bytes(value: number): Uint8Array {
  const writer = new Writer(4);
  writer.u32(value);
  return writer.bytes();
}

function u64Bytes(value: bigint): Uint8Array {
  const writer = new Writer(8);
  writer.u64(value);
  return writer.bytes();
}
