/**
 * SPNEGO negotiation (RFC 4178, MS-SPNG): both sides, over any {@linkcode Mechanism}.
 *
 * @module
 */
import { WireError } from "../wire/mod.ts";
import { SecurityError } from "./errors.ts";
import type { AcceptFailure, AcceptorMechanism, Identity, Mechanism } from "./mechanism.ts";
import { MechanismOid } from "./mechanism.ts";
import { NtlmClient, type NtlmClientOptions, NtlmServer, type NtlmServerOptions } from "./ntlm.ts";
import { isNtlm } from "./ntlm_messages.ts";
import {
  decodeSpnego,
  encodeInit,
  encodeMechTypes,
  encodeResp,
  NegState,
  type NegTokenInit,
  type NegTokenResp,
} from "./spnego_tokens.ts";

/** The logging-in side of an authentication: what a client's SESSION_SETUP exchange drives. */
export interface InitiatorContext {
  /**
   * Takes the server's token and gives the next one.
   *
   * First called with null, or with the token of the NEGOTIATE response; then with every SESSION_SETUP response's
   * token, that of the successful one included (null or empty when there is none), which must end with `done`.
   *
   * @param token The server's token.
   * @returns The token to send, if any; whether the exchange is over; and the session key from the moment it is known,
   * which is with the last token sent, before `done`.
   * @throws {WireError} When the token is malformed.
   * @throws {SecurityError} When the server refuses, or altered the negotiation, or offers nothing usable.
   */
  step(token: Uint8Array | null): {
    token: Uint8Array | null;
    done: boolean;
    sessionKey: Uint8Array | null;
  };
}

/** What an acceptor answers to one token. */
export interface AcceptorStep {
  /** The token to send; null when there is none. */
  readonly token: Uint8Array | null;
  readonly done: boolean;
  /** Set when done without failure. */
  readonly identity: Identity | null;
  /** Set when done without failure, except for guests, who have proven no key. */
  readonly sessionKey: Uint8Array | null;
  /** Set when done with failure. */
  readonly failure?: AcceptFailure;
}

/** The accepting side of an authentication: what a server's SESSION_SETUP exchange drives. */
export interface AcceptorContext {
  /** The token for the NEGOTIATE response, which names the mechanisms (MS-SPNG section 3.2.5.2). */
  hint(): Uint8Array;
  /** Takes the client's token. Malformed tokens are a failure, never an exception. */
  step(token: Uint8Array): AcceptorStep;
}

/** Who logs in with NTLM, and how the tokens are wrapped. */
export interface InitiatorOptions extends NtlmClientOptions {
  /** Send NTLM messages without SPNEGO around them. Not unless told. */
  readonly raw?: boolean | undefined;
}

/**
 * The initiator for an account: NTLMv2 within SPNEGO.
 *
 * @param options Account, names, randomness and clock.
 * @returns A context for one session setup.
 * @throws {TypeError} When a user name comes with neither password nor hash.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createAcceptor, createInitiator, ntHash } from "./mod.ts";
 *
 * const random = (length: number) => new Uint8Array(length).fill(7);
 * const now = () => 133_000_000_000_000_000n;
 * const client = createInitiator({ user: "alice", domain: "", password: "pw", random, now });
 * const server = createAcceptor({
 *   computerName: "LAB",
 *   findNtHash: () => ntHash("pw"),
 *   random,
 *   now,
 * });
 *
 * const first = server.step(client.step(server.hint()).token ?? new Uint8Array());
 * const second = server.step(client.step(first.token).token ?? new Uint8Array());
 * const last = client.step(second.token);
 * assertEquals(last.done, true);
 * assertEquals(second.identity, { user: "alice", domain: "", kind: "user" });
 * assertEquals(second.sessionKey, last.sessionKey);
 * ```
 */
export function createInitiator(options: InitiatorOptions): InitiatorContext {
  const ntlm = new NtlmClient(options);
  return options.raw === true ? new RawInitiator(ntlm) : new SpnegoInitiator([ntlm]);
}

/**
 * The acceptor for a set of accounts: NTLMv2, within SPNEGO or without it, as the client begins.
 *
 * @param options Names, accounts, randomness and clock. See {@linkcode createInitiator} for an example.
 * @returns A context for one session setup.
 */
export function createAcceptor(options: NtlmServerOptions): AcceptorContext {
  return new SpnegoAcceptor([new NtlmServer(options)]);
}

/** A mechanism's tokens as they are; the server's last one, which has none, ends the exchange. */
class RawInitiator implements InitiatorContext {
  readonly #mechanism: Mechanism;
  #sentAll = false;

  constructor(mechanism: Mechanism) {
    this.#mechanism = mechanism;
  }

  step(token: Uint8Array | null): ReturnType<InitiatorContext["step"]> {
    const mechanism = this.#mechanism;
    if (this.#sentAll) return { token: null, done: true, sessionKey: mechanism.sessionKey };
    // The token of the NEGOTIATE response is SPNEGO's hint, which this exchange does not use.
    const usable = token !== null && isNtlm(token) ? token : null;
    const { token: next, done } = mechanism.step(usable);
    this.#sentAll = done;
    return { token: next, done: false, sessionKey: mechanism.sessionKey };
  }
}

/**
 * The initiating side of SPNEGO.
 *
 * The state says what may come next: `start` (null or the server's hint), `negotiating` (a response with a mechanism's
 * token), `finishing` (the response that completes), `done`.
 */
export class SpnegoInitiator implements InitiatorContext {
  readonly #mechanisms: readonly Mechanism[];
  readonly #mechTypesBytes: Uint8Array;
  #current: Mechanism;
  #state: "start" | "negotiating" | "finishing" | "done" = "start";
  #micRequired = false;

  /**
   * @param mechanisms The mechanisms in order of preference; the first one's token goes out at once.
   * @throws {TypeError} When there is none.
   */
  constructor(mechanisms: readonly Mechanism[]) {
    const first = mechanisms[0];
    if (first === undefined) throw new TypeError("Cannot start SPNEGO: there is no mechanism");
    this.#mechanisms = mechanisms;
    this.#current = first;
    this.#mechTypesBytes = encodeMechTypes(mechanisms.map(({ oid }) => oid));
  }

  step(token: Uint8Array | null): ReturnType<InitiatorContext["step"]> {
    switch (this.#state) {
      case "start":
        return this.#begin(token);
      case "negotiating":
        return this.#continue(expectResp(token ?? new Uint8Array(0)));
      case "finishing":
        return this.#finish(token);
      case "done":
        throw new Error("Cannot continue SPNEGO: the initiator is done");
    }
  }

  #begin(hint: Uint8Array | null): ReturnType<InitiatorContext["step"]> {
    if (hint !== null && hint.length > 0) this.#checkHint(hint);
    this.#state = "negotiating";
    const mechToken = this.#current.step(null).token;
    const mechTypes = this.#mechanisms.map(({ oid }) => oid);
    return this.#result(encodeInit({ mechTypes, mechToken }), false);
  }

  /** The server's list is unprotected, so it only saves a round trip that could not succeed. */
  #checkHint(hint: Uint8Array): void {
    const offered = decodeSpnego(hint);
    if (offered.kind !== "init" || offered.mechTypes.length === 0) return;
    if (!this.#mechanisms.some(({ oid }) => offered.mechTypes.includes(oid))) {
      throw new SecurityError(
        `Cannot log in: the server offers only ${offered.mechTypes.join(", ")}`,
        "unsupported",
      );
    }
  }

  #continue(resp: NegTokenResp): ReturnType<InitiatorContext["step"]> {
    refuseReject(resp);
    if (resp.negState === NegState.REQUEST_MIC) this.#micRequired = true;
    if (resp.supportedMech !== null && resp.supportedMech !== this.#current.oid) {
      this.#change(resp.supportedMech);
    }
    // A mechanism that the server has just chosen begins anew; its first token needs none of the server's.
    const { token, done } = this.#current.step(resp.responseToken);
    // A mechanism with an even number of tokens, such as Kerberos, ends with the server's.
    if (done && token === null && resp.negState === NegState.ACCEPT_COMPLETED) {
      return this.#complete(resp.mechListMic);
    }
    if (done) this.#state = "finishing";
    return this.#result(
      encodeResp({
        negState: NegState.ACCEPT_INCOMPLETE,
        supportedMech: null,
        responseToken: token,
        mechListMic: done ? this.#current.mic(this.#mechTypesBytes) : null,
      }),
      false,
    );
  }

  #change(oid: string): void {
    const chosen = this.#mechanisms.find((mechanism) => mechanism.oid === oid);
    if (chosen === undefined) {
      throw new SecurityError(`Cannot log in: the server chose ${oid}`, "unsupported");
    }
    this.#current = chosen;
    // Another mechanism than the preferred one must be proven to be the server's own choice (RFC 4178 section 5).
    this.#micRequired = true;
  }

  #finish(token: Uint8Array | null): ReturnType<InitiatorContext["step"]> {
    let mic: Uint8Array | null = null;
    if (token !== null && token.length > 0) {
      const resp = expectResp(token);
      refuseReject(resp);
      mic = resp.mechListMic;
    }
    return this.#complete(mic);
  }

  #complete(mic: Uint8Array | null): ReturnType<InitiatorContext["step"]> {
    const valid = mic === null ? null : this.#current.verifyMic(this.#mechTypesBytes, mic);
    if (valid === false || (this.#micRequired && valid !== true)) {
      throw new SecurityError(
        `Cannot log in: the server's mechListMIC is ${mic === null ? "missing" : "wrong"}`,
        "badSignature",
      );
    }
    this.#state = "done";
    return this.#result(null, true);
  }

  #result(token: Uint8Array | null, done: boolean): ReturnType<InitiatorContext["step"]> {
    return { token, done, sessionKey: this.#current.sessionKey };
  }
}

/** The accepting side of SPNEGO, which also takes NTLM messages without it (MS-SPNG section 3.1.5). */
export class SpnegoAcceptor implements AcceptorContext {
  readonly #mechanisms: readonly AcceptorMechanism[];
  #init: NegTokenInit | null = null;
  #current: AcceptorMechanism | null = null;
  #raw = false;
  #micRequired = false;
  #done = false;

  /** @param mechanisms The mechanisms it accepts, in the order its hint names them. */
  constructor(mechanisms: readonly AcceptorMechanism[]) {
    this.#mechanisms = mechanisms;
  }

  hint(): Uint8Array {
    return encodeInit({ mechTypes: this.#mechanisms.map(({ oid }) => oid), hints: true });
  }

  step(token: Uint8Array): AcceptorStep {
    if (this.#done) throw new Error("Cannot continue SPNEGO: the acceptor is done");
    let result: AcceptorStep;
    try {
      result = this.#take(token);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      result = refusal("invalidParameter");
    }
    this.#done = result.done;
    return result;
  }

  #take(token: Uint8Array): AcceptorStep {
    if (this.#current === null) return this.#begin(token);
    if (this.#raw) return this.#stepRaw(this.#current, token);
    const resp = expectResp(token);
    return this.#stepMechanism(this.#current, resp.responseToken, resp.mechListMic);
  }

  #begin(token: Uint8Array): AcceptorStep {
    if (isNtlm(token)) {
      const ntlm = this.#mechanisms.find(({ oid }) => oid === MechanismOid.NTLMSSP);
      if (ntlm === undefined) return refusal("logonFailure");
      this.#raw = true;
      this.#current = ntlm;
      return this.#stepRaw(ntlm, token);
    }
    const init = decodeSpnego(token);
    if (init.kind !== "init") return refusal("invalidParameter");
    this.#init = { ...init, mechTypesBytes: init.mechTypesBytes.slice() };
    const chosen = init.mechTypes
      .map((oid) => this.#mechanisms.find((mechanism) => mechanism.oid === oid))
      .find((mechanism) => mechanism !== undefined);
    if (chosen === undefined) return refusal("logonFailure");
    this.#current = chosen;
    if (chosen.oid === init.mechTypes[0] && init.mechToken !== null) {
      return this.#stepMechanism(chosen, init.mechToken, init.mechListMic);
    }
    // The optimistic token was for another mechanism: the client must begin with the chosen one, and both must
    // then prove the list (RFC 4178 section 5).
    this.#micRequired = chosen.oid !== init.mechTypes[0];
    return {
      token: encodeResp({
        negState: this.#micRequired ? NegState.REQUEST_MIC : NegState.ACCEPT_INCOMPLETE,
        supportedMech: chosen.oid,
        responseToken: null,
        mechListMic: null,
      }),
      done: false,
      identity: null,
      sessionKey: null,
    };
  }

  #stepRaw(mechanism: AcceptorMechanism, token: Uint8Array): AcceptorStep {
    const { token: next, done } = mechanism.step(token);
    if (!done) return { token: next, done, identity: null, sessionKey: null };
    return outcome(mechanism, next);
  }

  #stepMechanism(
    mechanism: AcceptorMechanism,
    token: Uint8Array | null,
    mechListMic: Uint8Array | null,
  ): AcceptorStep {
    const { token: next, done } = mechanism.step(token);
    if (!done) {
      const resp = {
        negState: NegState.ACCEPT_INCOMPLETE,
        supportedMech: mechanism.oid,
        responseToken: next,
        mechListMic: null,
      };
      return { token: encodeResp(resp), done, identity: null, sessionKey: null };
    }
    if (mechanism.failure !== null) return refusal(mechanism.failure);
    const list = this.#init?.mechTypesBytes ?? new Uint8Array(0);
    const valid = mechListMic === null ? null : mechanism.verifyMic(list, mechListMic);
    if (valid === false || (this.#micRequired && valid !== true)) return refusal("logonFailure");
    const resp = {
      negState: NegState.ACCEPT_COMPLETED,
      supportedMech: null,
      responseToken: next,
      mechListMic: mechListMic === null ? null : mechanism.mic(list),
    };
    return outcome(mechanism, encodeResp(resp));
  }
}

function outcome(mechanism: AcceptorMechanism, token: Uint8Array | null): AcceptorStep {
  if (mechanism.failure !== null) return refusal(mechanism.failure);
  const { identity, sessionKey } = mechanism;
  return { token, done: true, identity, sessionKey };
}

function refusal(failure: AcceptFailure): AcceptorStep {
  return { token: null, done: true, identity: null, sessionKey: null, failure };
}

function expectResp(token: Uint8Array): NegTokenResp {
  const decoded = decodeSpnego(token);
  if (decoded.kind === "resp") return decoded;
  throw new WireError("Cannot continue SPNEGO: the token is a NegTokenInit", {
    field: "NegotiationToken",
    offset: 0,
  });
}

function refuseReject(resp: NegTokenResp): void {
  if (resp.negState === NegState.REJECT) {
    throw new SecurityError("Cannot log in: the server rejects the negotiation", "rejected");
  }
}
