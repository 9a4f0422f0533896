/** What is known of users and services -> the session key of a captured login: passwords and hashes for NTLM, keytabs for Kerberos. */
import {
  describeToken,
  type KeytabEntry,
  ntHash,
  openTicket,
  readApRequest,
  replySessionKey,
  SecurityError,
  verifyNtlmExchange,
} from "../runtime/security/mod.ts";
import { WireError } from "../runtime/wire/mod.ts";
import type { CapturedUser } from "./exchange.ts";
import type { LoginTokens } from "./handshake.ts";

/** Secrets of users and services. */
export interface LoginSecrets {
  /** Passwords of the users that logged in by NTLM; each is tried for each of them. */
  readonly passwords?: readonly string[];
  /** NT hashes, in place of passwords. */
  readonly ntHashes?: readonly Uint8Array[];
  /** Keys of the services that users logged in to by Kerberos. */
  readonly keytab?: readonly KeytabEntry[];
}

/** Who logged in, and with what. */
export interface OpenedLogin {
  readonly mechanism: "NTLM" | "Kerberos" | null;
  /** Null where a ticket hides it, or there is none. */
  readonly user: CapturedUser | null;
  /** Of Kerberos: the service, and the type and version of its key. */
  readonly service: string | null;
  /** Null when no secret opens the login. */
  readonly sessionKey: Uint8Array | null;
}

const NOTHING: OpenedLogin = { mechanism: null, user: null, service: null, sessionKey: null };

/** Names of the types of keys that services have. */
const TYPE_NAMES = new Map([
  [17, "aes128"],
  [18, "aes256"],
  [19, "aes128-sha2"],
  [20, "aes256-sha2"],
  [23, "rc4"],
]);

/** Opens logins. */
export class LoginKeys {
  readonly #hashes: readonly Uint8Array[];
  readonly #keytab: readonly KeytabEntry[];

  constructor({ passwords = [], ntHashes = [], keytab = [] }: LoginSecrets) {
    this.#hashes = [...passwords.map(ntHash), ...ntHashes];
    this.#keytab = keytab;
  }

  /** Whether there is anything to try for a mechanism. */
  has(mechanism: "NTLM" | "Kerberos"): boolean {
    return (mechanism === "NTLM" ? this.#hashes : this.#keytab).length > 0;
  }

  open(tokens: LoginTokens): OpenedLogin {
    if (tokens.ntlmAuthenticate !== null) return this.#ntlm(tokens, tokens.ntlmAuthenticate);
    if (tokens.kerberosRequest !== null) return this.#kerberos(tokens, tokens.kerberosRequest);
    return NOTHING;
  }

  #ntlm(
    { ntlmNegotiate: negotiate, ntlmChallenge: challenge }: LoginTokens,
    authenticate: Uint8Array,
  ): OpenedLogin {
    const { user, domain } = describeToken(authenticate);
    const login: OpenedLogin = { ...NOTHING, mechanism: "NTLM", user: account(user, domain) };
    if (negotiate === null || challenge === null) return login;
    for (const hash of this.#hashes) {
      const sessionKey = ntlmKey({ negotiate, challenge, authenticate }, hash);
      if (sessionKey !== null) return { ...login, sessionKey };
    }
    return login;
  }

  #kerberos({ kerberosReply }: LoginTokens, token: Uint8Array): OpenedLogin {
    const request = readApRequest(token);
    if (request === null) return NOTHING;
    const { type, version } = request.ticket;
    const key = `${TYPE_NAMES.get(type) ?? `type ${type}`}${
      version === null ? "" : ` version ${version}`
    }`;
    const login: OpenedLogin = {
      ...NOTHING,
      mechanism: "Kerberos",
      service: `${request.service}@${request.realm} (${key})`,
    };
    const opened = openTicket(request, this.#keytab);
    if (opened === null) return login;
    const chosen = kerberosReply === null ? null : replySessionKey(kerberosReply, opened.ticketKey);
    return {
      ...login,
      user: account(opened.client, opened.realm),
      sessionKey: chosen ?? opened.sessionKey,
    };
  }
}

function account(user: string | null, domain: string | null): CapturedUser | null {
  return user === null || user === "" ? null : { user, domain: domain ?? "" };
}

function ntlmKey(
  exchange: Parameters<typeof verifyNtlmExchange>[0],
  hash: Uint8Array,
): Uint8Array | null {
  try {
    return verifyNtlmExchange(exchange, { findNtHash: () => hash }).sessionKey;
  } catch (error) {
    if (error instanceof WireError || error instanceof SecurityError) return null;
    throw error;
  }
}
