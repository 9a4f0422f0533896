/**
 * Encrypted frames -> plain ones, for sessions whose keys are known: from the login in the capture and a secret of the user or the
 * service, or as a session key, or as the keys of both directions (MS-SMB2 3.1.4.2, 3.1.4.3). Of the others it is told what is needed.
 */
import {
  CipherId,
  cipherKeyLength,
  decryptPayload,
  deriveSessionKeys,
  type PreauthHash,
} from "../runtime/security/mod.ts";
import {
  decodeTransformHeader,
  decompressFrame,
  MAX_FRAME_LENGTH,
  Reader,
  TRANSFORM_HEADER_SIZE,
  WireError,
} from "../runtime/wire/mod.ts";
import type { CaptureNote } from "./capture/mod.ts";
import type { CapturedMessage, CapturedUser, Unwrapped, Unwrapper } from "./exchange.ts";
import { HandshakeFollower, type Login } from "./handshake.ts";
import { LoginKeys, type LoginSecrets, type OpenedLogin } from "./login_keys.ts";
import { RecentMap } from "./recent_map.ts";
import { SealedSessions } from "./sealed_sessions.ts";

/** What is known of the sessions of a capture. */
export interface DecryptionKeys extends LoginSecrets {
  /** By SessionId. */
  readonly sessions?: ReadonlyMap<bigint, KnownKeys>;
}

/** Keys of one session: the key of the authentication, or those of the directions. */
export interface KnownKeys {
  readonly sessionKey?: Uint8Array;
  readonly serverToClient?: Uint8Array;
  readonly clientToServer?: Uint8Array;
}

/** Keys to try, with the ciphers to try them with. */
interface CipherKeys {
  readonly cipherIds: readonly number[];
  readonly keys: readonly Uint8Array[];
}

/** Connections whose keys are remembered, and sessions of each. */
const CONNECTIONS_KEPT = 16_384;
const SESSIONS_KEPT = 1024;
const KEYS_LOST = "The keys of a connection were forgotten, as too many came after it";
const LOGINS_LOST = "A login was forgotten before its end, as too many others began";

const ALL_CIPHERS = Object.values(CipherId);

/** The Nonce field and all behind it are authenticated (MS-SMB2 3.1.4.3). */
const AAD_START = 20;

/** Decrypts what it has keys for; follows the logins to get them. */
export class Decryption implements Unwrapper {
  readonly #secrets: LoginKeys;
  readonly #given: ReadonlyMap<bigint, KnownKeys>;
  readonly #handshakes: HandshakeFollower;
  /** By connection, then session; only of connections that go on. */
  readonly #keys = new RecentMap<number, RecentMap<bigint, CipherKeys>>(
    CONNECTIONS_KEPT,
    () => true,
  );
  /** The latest keys of a session, for its further channels. */
  readonly #bySession = new RecentMap<bigint, CipherKeys>();
  readonly #users = new RecentMap<string, CapturedUser>();
  readonly #sealed: SealedSessions;

  constructor(keys: DecryptionKeys) {
    this.#secrets = new LoginKeys(keys);
    this.#given = keys.sessions ?? new Map();
    const some = this.#given.size > 0 || this.#secrets.has("NTLM") || this.#secrets.has("Kerberos");
    this.#handshakes = new HandshakeFollower({ hashes: some });
    this.#sealed = new SealedSessions((mechanism) => this.#secrets.has(mechanism));
  }

  unwrap(unit: Uint8Array, stream: number, frame?: number): Unwrapped | null {
    const plain = unit[0] === 0xfc
      ? { bytes: unit, encrypted: false, compressed: false }
      : this.#decrypt(unit, stream, frame);
    if (plain === null || plain.bytes[0] !== 0xfc) return plain;
    try {
      const bytes = decompressFrame(plain.bytes, { maxLength: MAX_FRAME_LENGTH });
      return bytes[0] === 0xfe ? { ...plain, bytes, compressed: true } : null;
    } catch (error) {
      if (error instanceof WireError) return null;
      throw error;
    }
  }

  observe(bytes: Uint8Array, captured: CapturedMessage, stream: number): void {
    const login = this.#handshakes.observe(bytes, captured, stream);
    if (login === null) return;
    const opened = this.#secrets.open(login.tokens);
    const id = `${stream}|${login.sessionId}`;
    if (opened.user !== null) this.#users.set(id, opened.user);
    const keys = this.#keysOf(login, opened);
    this.#sealed.loggedIn(login, opened, keys !== null);
    if (keys === null) return;
    this.#keep(stream, login.sessionId, keys);
    this.#bySession.set(login.sessionId, keys);
  }

  ended(stream: number): void {
    this.#handshakes.ended(stream);
    this.#keys.delete(stream);
  }

  userOf(stream: number, sessionId: bigint): CapturedUser | null {
    return this.#users.get(`${stream}|${sessionId}`) ?? null;
  }

  notes(): CaptureNote[] {
    const lost = [[KEYS_LOST, this.#keys.lost], [LOGINS_LOST, this.#handshakes.lost]] as const;
    return [
      ...this.#sealed.notes(),
      ...lost.filter(([, count]) => count > 0)
        .map(([reason, count]) => ({ reason, loss: true, count, frames: [] })),
    ];
  }

  #decrypt(unit: Uint8Array, stream: number, frame: number | undefined): Unwrapped | null {
    if (unit[0] !== 0xfd || unit.byteLength < TRANSFORM_HEADER_SIZE) return null;
    const header = decodeTransformHeader(new Reader(unit));
    const keys = this.#keys.get(stream)?.get(header.sessionId) ??
      this.#withoutLogin(header.sessionId, stream);
    const input = { nonce: header.nonce, aad: unit.subarray(AAD_START, TRANSFORM_HEADER_SIZE) };
    const ciphertext = unit.subarray(TRANSFORM_HEADER_SIZE);
    for (const cipherId of keys.cipherIds) {
      for (const key of keys.keys) {
        if (key.byteLength !== cipherKeyLength(cipherId)) continue;
        const bytes = decryptPayload({ ...input, cipherId, key }, ciphertext, header.signature);
        if (bytes !== null && (bytes[0] === 0xfe || bytes[0] === 0xfc)) {
          return { bytes, encrypted: true, compressed: false };
        }
      }
    }
    this.#sealed.add({ stream, sessionId: header.sessionId, frame });
    return null;
  }

  #keep(stream: number, sessionId: bigint, keys: CipherKeys): void {
    const ofStream = this.#keys.get(stream) ?? new RecentMap<bigint, CipherKeys>(SESSIONS_KEPT);
    ofStream.set(sessionId, keys);
    this.#keys.set(stream, ofStream);
  }

  #keysOf(login: Login, opened: OpenedLogin): CipherKeys | null {
    // A further channel encrypts with the keys of its session (MS-SMB2 3.2.4.1.8).
    if (login.binding) return this.#bySession.get(login.sessionId) ?? null;
    const given = this.#given.get(login.sessionId);
    const sessionKey = given?.sessionKey ?? opened.sessionKey;
    const derived = sessionKey === null ? [] : derivedKeys(sessionKey, login);
    const directions = [given?.clientToServer, given?.serverToClient].filter((key) =>
      key !== undefined
    );
    if (derived.length + directions.length === 0) return null;
    return {
      cipherIds: directions.length > 0 || login.dialect === null ? ALL_CIPHERS : [cipherOf(login)],
      keys: [...derived, ...directions],
    };
  }

  /**
   * Keys of a session whose login is not in the capture. Those of the directions need only a cipher that fits; a session key is
   * enough for 3.0 and 3.0.2, whose keys depend on nothing else.
   */
  #withoutLogin(sessionId: bigint, stream: number): CipherKeys {
    const given = this.#given.get(sessionId);
    const keys = [
      ...given?.sessionKey === undefined
        ? []
        : derivedKeys(given.sessionKey, { dialect: null, cipherId: CipherId.AES_128_CCM }),
      ...[given?.clientToServer, given?.serverToClient].filter((key) => key !== undefined),
    ];
    const tried = { cipherIds: ALL_CIPHERS, keys };
    this.#keep(stream, sessionId, tried);
    return tried;
  }
}

/** The cipher of a connection: before 3.1.1 there is but one. */
function cipherOf({ dialect, cipherId }: Pick<Login, "dialect" | "cipherId">): number {
  return dialect === 0x0311 ? cipherId : CipherId.AES_128_CCM;
}

/** The keys of both directions; none before 3.0, or where what they depend on is missing. */
function derivedKeys(
  sessionKey: Uint8Array,
  login: Pick<Login, "dialect" | "cipherId"> & { readonly preauthHash?: PreauthHash | null },
): Uint8Array[] {
  const dialect = login.dialect ?? 0x0300;
  const cipherId = cipherOf(login);
  if (dialect < 0x0300 || !(ALL_CIPHERS as readonly number[]).includes(cipherId)) return [];
  if (dialect === 0x0311 && !login.preauthHash) return [];
  const { clientToServerKey, serverToClientKey } = deriveSessionKeys({
    dialect,
    sessionKey,
    preauthHash: login.preauthHash ?? undefined,
    cipherKeyLength: cipherKeyLength(cipherId),
  });
  return [clientToServerKey, serverToClientKey].filter((key) => key !== null);
}
