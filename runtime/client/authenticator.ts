/** Who the user is, and how that is proven. */
import { createInitiator, type InitiatorOptions } from "../protocol/mod.ts";

/** Proves who the user is; may live on the other side of a worker boundary. */
export interface Authenticator {
  /** Such as `ntlm`, for messages. */
  readonly mechanism: string;
  /** The user's name, for messages; empty for anonymous. */
  readonly user: string;
  /** Begins one SESSION_SETUP exchange. */
  start(): AuthenticationExchange;
}

/** One run of an authentication mechanism. */
export interface AuthenticationExchange {
  /**
   * Takes the server's token and gives the next one.
   *
   * @param token That of the NEGOTIATE response first, then that of each SESSION_SETUP response.
   * @returns The token to send, if any; whether the exchange is over; the session key from the moment it is known.
   */
  step(
    token: Uint8Array | null,
  ): Promise<{ token: Uint8Array | null; done: boolean; sessionKey: Uint8Array | null }>;
}

/** An account of NTLM; without a user name, anonymous. */
export type NtlmAccount = Omit<InitiatorOptions, "random" | "now"> & {
  /** 32 random bytes and the like; the platform's generator unless told. */
  readonly random?: (length: number) => Uint8Array;
  /** FILETIME for the response; the system's clock unless told. */
  readonly now?: () => bigint;
};

/**
 * NTLMv2 within SPNEGO, in this thread.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ntlmAuthenticator } from "./mod.ts";
 * const alice = ntlmAuthenticator({ user: "alice", domain: "LAB", password: "secret" });
 * const { token, done } = await alice.start().step(null);
 * assertEquals([alice.mechanism, done, token !== null], ["ntlm", false, true]);
 * ```
 */
export function ntlmAuthenticator(account: NtlmAccount): Authenticator {
  return {
    mechanism: "ntlm",
    user: account.user,
    start(): AuthenticationExchange {
      const initiator = createInitiator({
        ...account,
        random: account.random ?? randomBytes,
        now: account.now ?? fileTimeNow,
      });
      return {
        // Errors of the mechanism become rejections, as they would behind a worker boundary.
        step: (token) => Promise.resolve().then(() => initiator.step(token)),
      };
    },
  };
}

/** Bytes of the platform's generator. */
export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Milliseconds from 1601 to 1970. */
const FILETIME_EPOCH_MS = 11_644_473_600_000n;

function fileTimeNow(): bigint {
  return (BigInt(Date.now()) + FILETIME_EPOCH_MS) * 10_000n;
}
