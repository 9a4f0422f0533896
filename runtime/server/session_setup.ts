/**
 * SESSION_SETUP and LOGOFF (MS-SMB2 3.3.5.5, 3.3.5.6).
 *
 * @module
 */

import {
  createSigner,
  deriveSessionKeys,
  type Identity,
  signingAlgorithmOf,
} from "../security/mod.ts";
import { type LogoffRequest, type SessionSetupRequest, Status } from "../wire/mod.ts";
import { Refusal } from "./errors.ts";
import { MAX_SESSIONS } from "./limits.ts";
import type { Session } from "./state.ts";
import { type Reply, reply, type Work } from "./work.ts";

const FLAG_BINDING = 0x01;
const SIGNING_REQUIRED = 0x02;
const SESSION_IS_GUEST = 0x0001;
const SESSION_IS_NULL = 0x0002;

/**
 * Handles SESSION_SETUP.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer.
 */
export function handleSessionSetup(work: Work, body: SessionSetupRequest): Reply {
  const { connection } = work;
  // MS-SMB2 3.3.5.5: binding to a session of another connection needs multi-channel, which is not offered.
  if ((body.flags & FLAG_BINDING) !== 0) throw new Refusal(Status.REQUEST_NOT_ACCEPTED);
  const session = work.sessionId === 0n ? begin(work) : connection.sessions.get(work.sessionId);
  if (session === undefined) throw new Refusal(Status.USER_SESSION_DELETED);
  work.sessionId = session.id;
  session.acceptor ??= connection.server.newAcceptor();
  if (connection.dialect === 0x0311 && session.state !== "valid") {
    session.preauthHash = (session.preauthHash ?? connection.preauthHash).extend(work.bytes);
  }
  const step = session.acceptor.step(body.securityBuffer.slice());
  const securityBuffer = step.token ?? new Uint8Array();
  if (!step.done) {
    return {
      status: Status.MORE_PROCESSING_REQUIRED,
      body: { sessionFlags: 0, securityBuffer },
      encoded: (bytes) => {
        session.preauthHash = session.preauthHash?.extend(bytes);
      },
    };
  }
  session.acceptor = undefined;
  if (step.failure !== undefined || step.identity === null) {
    // A failed attempt to authenticate again ends the session as well (MS-SMB2 3.3.5.5.3).
    work.server.endSession(session, work.now);
    throw new Refusal(
      step.failure === "invalidParameter" ? Status.INVALID_PARAMETER : Status.LOGON_FAILURE,
    );
  }
  return establish(work, { session, body, identity: step.identity, key: step.sessionKey }, {
    securityBuffer,
  });
}

/**
 * Handles LOGOFF: the session goes with everything in it but durable opens (MS-SMB2 3.3.5.6).
 *
 * @param work The request.
 * @returns The answer.
 */
export function handleLogoff(work: Work, _body: LogoffRequest): Reply {
  work.server.endSession(work.validSession, work.now, { keepDurable: true });
  return reply({ reserved: 0 });
}

function begin(work: Work): Session {
  const { connection, server } = work;
  if (connection.sessions.size >= MAX_SESSIONS) {
    throw new Refusal(Status.INSUFFICIENT_RESOURCES);
  }
  const session: Session = {
    id: server.newSessionId(),
    connection,
    state: "inProgress",
    acceptor: undefined,
    preauthHash: undefined,
    identity: undefined,
    signer: undefined,
    signingRequired: false,
    trees: new Map(),
    opens: new Map(),
    nextTreeId: 1,
  };
  connection.sessions.set(session.id, session);
  server.sessions.set(session.id, session);
  return session;
}

function establish(
  work: Work,
  proven: {
    readonly session: Session;
    readonly body: SessionSetupRequest;
    readonly identity: Identity;
    readonly key: Uint8Array | null;
  },
  answer: { readonly securityBuffer: Uint8Array },
): Reply {
  const { session, body, identity, key } = proven;
  const { server, connection } = work;
  const again = session.state === "valid";
  if (again && !sameUser(session.identity, identity)) {
    server.endSession(session, work.now);
    throw new Refusal(Status.ACCESS_DENIED);
  }
  if (!again) {
    if (body.previousSessionId !== 0n && body.previousSessionId !== session.id) {
      replace(work, body.previousSessionId, identity);
    }
    session.identity = identity;
    // MS-SMB2 3.3.5.5.3: keys come from the first authentication and stay.
    if (key !== null && identity.kind === "user") {
      const keys = deriveSessionKeys({
        dialect: connection.dialect,
        sessionKey: key,
        preauthHash: session.preauthHash,
      });
      const algorithm = signingAlgorithmOf(
        connection.dialect,
        connection.negotiated?.signingAlgorithm,
      );
      session.signer = createSigner(algorithm, keys.signingKey);
      session.signingRequired = server.requireSigning ||
        (body.securityMode & SIGNING_REQUIRED) !== 0;
    }
    session.state = "valid";
    session.preauthHash = undefined;
  }
  work.session = session;
  const sessionFlags = identity.kind === "guest"
    ? SESSION_IS_GUEST
    : identity.kind === "anonymous"
    ? SESSION_IS_NULL
    : 0;
  return {
    status: Status.SUCCESS,
    body: { sessionFlags, securityBuffer: answer.securityBuffer },
    // MS-SMB2 3.3.5.5.3: the last answer is signed wherever there is a key.
    sign: session.signer !== undefined,
  };
}

// MS-SMB2 3.3.5.5.3: a client that comes back names its former session, which ends; durable opens wait for it.
function replace(work: Work, previousSessionId: bigint, identity: Identity): void {
  const previous = work.server.sessions.get(previousSessionId);
  if (previous === undefined || !sameUser(previous.identity, identity)) return;
  work.server.endSession(previous, work.now, { keepDurable: true });
}

/**
 * Whether two logins are of the same user.
 *
 * @param one A login, if there was any.
 * @param two Another one.
 * @returns Whether kind and name are the same.
 */
export function sameUser(one: Identity | undefined, two: Identity): boolean {
  return one !== undefined && one.kind === two.kind &&
    one.user.toUpperCase() === two.user.toUpperCase();
}
