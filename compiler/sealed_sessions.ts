/** Sessions whose messages stay encrypted -> one note for each: whose they are, and what would open them. */
import { CipherId } from "../runtime/security/mod.ts";
import type { CaptureNote } from "./capture/mod.ts";
import type { CapturedUser } from "./exchange.ts";
import type { Login } from "./handshake.ts";
import type { OpenedLogin } from "./login_keys.ts";

/** Frames that one note names. */
const FRAMES_KEPT = 64;
/** Sessions that get a note of their own. */
const MAX_SESSIONS = 100;
/** Logins that are remembered for it. */
const MAX_LOGINS = 10_000;

const CIPHER_NAMES = new Map<number, string>([
  [CipherId.AES_128_CCM, "AES-128-CCM"],
  [CipherId.AES_128_GCM, "AES-128-GCM"],
  [CipherId.AES_256_CCM, "AES-256-CCM"],
  [CipherId.AES_256_GCM, "AES-256-GCM"],
]);

const DIALECT_NAMES = new Map([[0x0300, "3.0"], [0x0302, "3.0.2"], [0x0311, "3.1.1"]]);

interface Sealed {
  readonly sessionId: bigint;
  count: number;
  readonly frames: number[];
  /** Null when the login is not in the capture. */
  readonly login: Known | null;
}

/** What is kept of a login: not its tokens, which may be long. */
interface Known {
  readonly login: Pick<Login, "binding" | "dialect" | "cipherId" | "preauthHash">;
  readonly opened: Omit<OpenedLogin, "sessionKey">;
  /** Whether there are keys, which then do not fit. */
  readonly keys: boolean;
}

/** Counts what could not be decrypted, by session. */
export class SealedSessions {
  readonly #tried: (mechanism: "NTLM" | "Kerberos") => boolean;
  readonly #logins = new Map<string, Known>();
  readonly #sealed = new Map<string, Sealed>();
  #others = 0;

  /** `tried` tells whether secrets for a mechanism were given. */
  constructor(tried: (mechanism: "NTLM" | "Kerberos") => boolean) {
    this.#tried = tried;
  }

  /** A login succeeded. */
  loggedIn(login: Login, opened: OpenedLogin, keys: boolean): void {
    if (this.#logins.size >= MAX_LOGINS) return;
    const { stream, sessionId, binding, dialect, cipherId, preauthHash } = login;
    const { mechanism, user, service } = opened;
    this.#logins.set(`${stream}|${sessionId}`, {
      login: { binding, dialect, cipherId, preauthHash },
      opened: { mechanism, user, service },
      keys,
    });
  }

  /** A message stays encrypted. */
  add(
    { stream, sessionId, frame }: { stream: number; sessionId: bigint; frame: number | undefined },
  ): void {
    const key = `${stream}|${sessionId}`;
    let sealed = this.#sealed.get(key);
    if (sealed === undefined) {
      if (this.#sealed.size >= MAX_SESSIONS) {
        this.#others++;
        return;
      }
      const login = this.#logins.get(key) ?? null;
      this.#sealed.set(key, sealed = { sessionId, count: 0, frames: [], login });
    }
    sealed.count++;
    if (frame !== undefined && sealed.frames.length < FRAMES_KEPT) sealed.frames.push(frame);
  }

  /** A note for each session. */
  notes(): CaptureNote[] {
    const notes = [...this.#sealed.values()].map((sealed): CaptureNote => ({
      reason: `${this.#title(sealed)} is encrypted and was not read: ${this.#need(sealed)}`,
      loss: true,
      count: sealed.count,
      frames: sealed.frames,
    }));
    if (this.#others > 0) {
      const reason = "Messages of further sessions are encrypted and were not read";
      notes.push({ reason, loss: true, count: this.#others, frames: [] });
    }
    return notes;
  }

  #title({ sessionId, login }: Sealed): string {
    const title = `Session 0x${sessionId.toString(16)}`;
    if (login === null) return title;
    const { dialect, cipherId } = login.login;
    const { user, mechanism } = login.opened;
    const facts = [
      mechanism,
      dialect === null
        ? "dialect not in the capture"
        : `SMB ${DIALECT_NAMES.get(dialect) ?? `0x${dialect.toString(16)}`}`,
      dialect === null ? null : CIPHER_NAMES.get(cipherId) ?? `cipher ${cipherId}`,
    ].filter((fact) => fact !== null);
    return `${title}${user === null ? "" : ` of ${accountText(user)}`} (${facts.join(", ")})`;
  }

  #need({ login: known }: Sealed): string {
    if (known === null) {
      return "its login is not in the capture; needed are the keys of both directions, or for SMB 3.0 the session key";
    }
    const { login, opened, keys } = known;
    if (keys) return "the keys that are known of it do not open it";
    if (login.binding) return "needed is what opens the login of its first connection";
    if (login.dialect === 0x0311 && login.preauthHash === null) {
      return "its handshake is not wholly in the capture; needed are the keys of both directions";
    }
    if (opened.mechanism === "NTLM") {
      const who = opened.user === null ? "its user" : accountText(opened.user);
      const wrong = this.#tried("NTLM") ? `no given password or hash is that of ${who}; ` : "";
      return `${wrong}needed is the password or NT hash of ${who}, or the session key`;
    }
    if (opened.mechanism === "Kerberos") {
      const wrong = this.#tried("Kerberos") ? "no key of the given keytab opens its ticket; " : "";
      return `${wrong}needed is the keytab of ${opened.service}, or the session key`;
    }
    return "needed is the session key";
  }
}

function accountText({ user, domain }: CapturedUser): string {
  return domain === "" ? user : `${domain}\\${user}`;
}
