/**
 * NEGOTIATE and SESSION_SETUP: the exchanges before the first file request, and the hash that binds them together
 * (MS-SMB2 3.2.4.2.2, 3.2.4.2.3, 3.2.5.2, 3.2.5.3).
 */
import {
  type EncodedPart,
  encodeSmb1Negotiate,
  isSuccess,
  type NegotiateRequest,
  Smb1Dialect,
  Status,
} from "../wire/mod.ts";
import { PreauthHash } from "../security/mod.ts";
import type { ConnectionStep } from "./connection_state.ts";
import type { Effect, Negotiated } from "./effects.ts";
import { ProtocolError, StatusError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import {
  Dialect,
  judgeNegotiation,
  type NegotiateOptions,
  negotiateRequest,
} from "./negotiation.ts";
import type { Outbox } from "./outbox.ts";
import type { Reply, SuccessReply } from "./reply.ts";
import {
  acceptSession,
  isWithoutKey,
  newSession,
  prepareBinding,
  type SessionOptions,
  sessionSetupRequest,
  type TokenStep,
} from "./session_setup.ts";
import type { SessionState } from "./sessions.ts";

/** What the handshake needs of its engine. */
export interface HandshakeContext {
  readonly random: (length: number) => Uint8Array;
  readonly outbox: Outbox;
  readonly sessions: Set<SessionState>;
  /** A session that was valid is so no more. */
  readonly forget: (session: SessionState) => void;
  readonly emit: (effect: Effect) => void;
  readonly step: (step: ConnectionStep) => void;
  readonly end: (error: Error, now: number) => void;
}

/** Negotiates once, then sets up sessions. */
export class Handshake {
  readonly #context: HandshakeContext;
  #offered: NegotiateRequest | null = null;
  #negotiated: Negotiated | null = null;
  /** Connection.PreauthIntegrityHashValue. */
  #hash = PreauthHash.initial();

  constructor(context: HandshakeContext) {
    this.#context = context;
  }

  get offered(): NegotiateRequest | null {
    return this.#offered;
  }

  get negotiated(): Negotiated | null {
    return this.#negotiated;
  }

  negotiate(options: NegotiateOptions, now: number): void {
    const offered = negotiateRequest(options, this.#context.random);
    this.#context.step(options.smb1 === true ? "smb1NegotiateSent" : "negotiateSent");
    this.#offered = offered;
    if (options.smb1 === true) this.#sendSmb1Negotiate(offered, now);
    else this.#sendNegotiate(offered, now);
  }

  /** Continues the hashes with a request as it leaves. */
  sent(exchange: Exchange, part: EncodedPart): void {
    const { session, handler, input } = exchange;
    // Only what the handshake itself sends counts; a NEGOTIATE that a script forges does not.
    if (handler === null) return;
    if (input.command === "NEGOTIATE") this.#hash = this.#hash.extend(wholePart(part));
    else if (input.command === "SESSION_SETUP" && session !== null) {
      session.preauthHash = session.preauthHash.extend(wholePart(part));
    }
  }

  startSession(options: SessionOptions): SessionState {
    const session = newSession(options, this.#hash);
    try {
      if (this.#negotiated === null) {
        throw new ProtocolError("Cannot log in: negotiate first", { side: "local" });
      }
      if (session.isBinding) prepareBinding(session, this.#negotiated);
    } catch (error) {
      this.failSession(session, error as Error);
      return session;
    }
    this.#context.sessions.add(session);
    this.#authenticate(session);
    return session;
  }

  /** Authenticates a valid session once more; its keys stay (MS-SMB2 3.2.5.3.2). */
  reauthenticate(session: SessionState): void {
    if (session.phase !== "valid") {
      throw new ProtocolError(`Cannot authenticate again: the session is ${session.phase}`, {
        side: "local",
      });
    }
    session.phase = "reauthenticating";
    this.#authenticate(session);
  }

  /** The mechanism's answer to `authenticate`. */
  authenticated(session: SessionState, step: TokenStep, now: number): void {
    const { phase } = session;
    if (phase === "authenticating" || phase === "finishing") {
      if (step.sessionKey !== null) session.sessionKey = step.sessionKey;
    }
    if (phase === "finishing") return this.#finishSession(session, step.done, now);
    if (phase === "reauthenticating" && session.isConfirmed) {
      session.isConfirmed = false;
      session.phase = "valid";
      this.#context.emit({ kind: "sessionEstablished", session, keys: null });
      return;
    }
    if (phase !== "authenticating" && phase !== "reauthenticating") return;
    const exchange = new Exchange(sessionSetupRequest(session, step.token), {
      handler: (outcome, context) => this.#sessionAnswered(session, outcome, context),
    });
    this.#context.outbox.submit([exchange], now);
  }

  failSession(session: SessionState, error: Error): void {
    const { phase } = session;
    if (phase !== "authenticating" && phase !== "finishing" && phase !== "reauthenticating") return;
    if (phase === "reauthenticating" && !(error instanceof StatusError)) {
      // The server has not refused anything: the session is what it was.
      session.phase = "valid";
    } else {
      // Whom the server refuses has no session any more (MS-SMB2 3.2.5.1.6).
      if (phase === "reauthenticating") this.#context.forget(session);
      session.phase = "failed";
      this.#context.sessions.delete(session);
    }
    this.#context.emit({ kind: "sessionFailed", session, error });
  }

  #authenticate(session: SessionState): void {
    const token = this.#negotiated?.response.securityBuffer ?? null;
    this.#context.emit({ kind: "authenticate", session, token });
  }

  #sendSmb1Negotiate(offered: NegotiateRequest, now: number): void {
    const message = encodeSmb1Negotiate({
      dialects: [Smb1Dialect.NT_LM_0_12, Smb1Dialect.SMB_2_002, Smb1Dialect.SMB_2_WILDCARD],
    });
    const exchange = new Exchange({ command: "NEGOTIATE", body: offered }, {
      handler: (outcome, { now }) => this.#smb1Answered(offered, outcome, now),
    });
    exchange.bytesSent = message.byteLength;
    this.#context.outbox.adopt(exchange, now);
    const header = new Uint8Array([0, 0, message.byteLength >>> 8, message.byteLength & 0xff]);
    this.#context.emit({ kind: "write", chunks: [header, message] });
  }

  #smb1Answered(offered: NegotiateRequest, outcome: Reply | Error, now: number): void {
    const reply = this.#negotiateReply(outcome, now);
    if (reply === null) return;
    if (reply.body.dialectRevision !== Dialect.WILDCARD) {
      this.#settle(reply, [Dialect.SMB_2_0_2], now);
      return;
    }
    // Ask again in SMB2; the hash begins with that request (MS-SMB2 3.2.5.2).
    this.#context.step("wildcardAnswered");
    this.#context.step("negotiateSent");
    this.#sendNegotiate(offered, now);
  }

  #sendNegotiate(offered: NegotiateRequest, now: number): void {
    const exchange = new Exchange({ command: "NEGOTIATE", body: offered }, {
      handler: (outcome, { now, message }) => {
        const reply = this.#negotiateReply(outcome, now);
        if (reply === null) return;
        this.#hash = this.#hash.extend(message);
        this.#settle(reply, offered.dialects, now);
      },
    });
    this.#context.outbox.submit([exchange], now);
  }

  /** The reply where it is a success; anything else ends the connection. */
  #negotiateReply(outcome: Reply | Error, now: number): SuccessReply<"NEGOTIATE"> | null {
    if (outcome instanceof Error) {
      this.#context.end(outcome, now);
      return null;
    }
    if (outcome.body === null || !isSuccess(outcome.status)) {
      this.#context.end(new StatusError(outcome), now);
      return null;
    }
    return outcome as SuccessReply<"NEGOTIATE">;
  }

  #settle(reply: SuccessReply<"NEGOTIATE">, dialects: readonly number[], now: number): void {
    try {
      const negotiated = judgeNegotiation(
        {
          dialects,
          contexts: this.#offered?.contexts ?? [],
          capabilities: this.#offered?.capabilities ?? 0,
        },
        reply,
      );
      this.#negotiated = negotiated;
      this.#context.step("negotiated");
      this.#context.emit({ kind: "negotiated", negotiated });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#context.end(error, now);
    }
  }

  #sessionAnswered(
    session: SessionState,
    outcome: Reply | Error,
    context: { now: number; message: Uint8Array },
  ): void {
    if (outcome instanceof Error) return this.failSession(session, outcome);
    const reply = outcome as Reply<"SESSION_SETUP">;
    session.replies = [...session.replies, reply];
    // Nobody waits for it any more.
    if (session.phase !== "authenticating" && session.phase !== "reauthenticating") return;
    const { body } = reply;
    const goesOn = reply.status === Status.MORE_PROCESSING_REQUIRED;
    if (body === null || !(goesOn || isSuccess(reply.status))) {
      return this.failSession(session, new StatusError(outcome, session.user));
    }
    if (session.phase === "reauthenticating") {
      if (!goesOn) session.isConfirmed = true;
      this.#context.emit({ kind: "authenticate", session, token: body.securityBuffer });
      return;
    }
    // A channel joins a session that has its id already.
    if (!session.isBinding) session.sessionId = reply.header.sessionId;
    if (goesOn) {
      session.preauthHash = session.preauthHash.extend(context.message);
    } else {
      // The final response is not part of the hash (MS-SMB2 3.2.5.3).
      session.final = { body, message: context.message.slice() };
      session.phase = "finishing";
      // Who has no key has proven nothing, so that there is nothing to finish.
      if (isWithoutKey(session, body)) return this.#finishSession(session, true, context.now);
    }
    this.#context.emit({ kind: "authenticate", session, token: body.securityBuffer });
  }

  #finishSession(session: SessionState, done: boolean, now: number): void {
    const negotiated = this.#negotiated;
    if (negotiated === null) return;
    try {
      const keys = acceptSession(session, { negotiated, done });
      session.shared.channels.add(session);
      this.#context.emit({ kind: "sessionEstablished", session, keys });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.failSession(session, error);
      // Who cannot sign the final response is not whom the user logged in to (MS-SMB2 3.2.5.3.1).
      if (error.side === "remote") this.#context.end(error, now);
    }
  }
}

function wholePart(part: EncodedPart): Uint8Array {
  if (part.tail.length === 0) return part.head;
  const bytes = new Uint8Array(part.length);
  let at = 0;
  for (const piece of [part.head, ...part.tail]) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes;
}
