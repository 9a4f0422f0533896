/**
 * NEGOTIATE, its multi-protocol beginning, and the later proof that nobody altered it
 * (MS-SMB2 3.3.5.3, 3.3.5.4, 3.3.5.15.12).
 *
 * @module
 */

import { SigningAlgorithmId } from "../security/mod.ts";
import {
  Command,
  decodeFsctlInput,
  encodeFsctlBody,
  HeaderFlags,
  type IoctlRequest,
  makeHeader,
  type NegotiateContext,
  type NegotiateRequest,
  type NegotiateResponse,
  Smb1Dialect,
  type Smb1Negotiate,
  Status,
} from "../wire/mod.ts";
import type { Connection, Negotiated } from "./connection.ts";
import { Disconnect, Refusal } from "./errors.ts";
import { MAX_SMALL_SIZE } from "./limits.ts";
import type { Reply, Work } from "./work.ts";

/** Every dialect of the server, highest first. */
export const DIALECTS = [0x0311, 0x0302, 0x0300, 0x0210, 0x0202] as const;

const WILDCARD_DIALECT = 0x02ff;
const SIGNING_ENABLED = 0x0001;
const SIGNING_REQUIRED = 0x0002;
const CAP_LEASING = 0x0000_0002;
const CAP_LARGE_MTU = 0x0000_0004;
const SHA_512 = 0x0001;

// In the order in which Windows Server 2022 prefers them.
const SIGNING_PREFERENCE = [
  SigningAlgorithmId.AES_GMAC,
  SigningAlgorithmId.AES_CMAC,
  SigningAlgorithmId.HMAC_SHA256,
];

/**
 * Handles NEGOTIATE (MS-SMB2 3.3.5.4).
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer.
 */
export function handleNegotiate(work: Work, body: NegotiateRequest): Reply {
  const { connection } = work;
  // MS-SMB2 3.3.5.4: a second NEGOTIATE ends the connection.
  if (connection.negotiated !== undefined) throw new Disconnect("Cannot negotiate again");
  if (body.dialects.length === 0) throw new Refusal(Status.INVALID_PARAMETER);
  const dialect = chooseDialect(connection, body.dialects);
  if (dialect === undefined) throw new Refusal(Status.NOT_SUPPORTED);
  const contexts = body.contexts ?? [];
  const signingAlgorithm = dialect === 0x0311 ? chooseSigning(contexts) : undefined;
  if (dialect === 0x0311) checkPreauth(contexts);
  const negotiated = settle(connection, { body, dialect, signingAlgorithm });
  connection.negotiated = negotiated;
  const response = answer(connection, negotiated, work.now);
  if (dialect !== 0x0311) return { status: Status.SUCCESS, body: response };
  connection.preauthHash = connection.preauthHash.extend(work.bytes);
  return {
    status: Status.SUCCESS,
    body: { ...response, contexts: answerContexts(work, signingAlgorithm) },
    encoded: (bytes) => {
      connection.preauthHash = connection.preauthHash.extend(bytes);
    },
  };
}

/**
 * Answers an SMB1 NEGOTIATE that offers SMB2 (MS-SMB2 3.3.5.3).
 *
 * @param connection The connection.
 * @param request What the client sent.
 * @param when The message's bytes and the present time.
 */
export function answerSmb1(
  connection: Connection,
  request: Smb1Negotiate,
  when: { readonly payload: Uint8Array; readonly now: number },
): void {
  const { server } = connection;
  const wildcard = request.dialects.includes(Smb1Dialect.SMB_2_WILDCARD) &&
    server.dialects.some((dialect) => dialect > 0x0202);
  const plain = request.dialects.includes(Smb1Dialect.SMB_2_002) &&
    server.dialects.includes(0x0202);
  if (!wildcard && !plain) throw new Disconnect("Cannot negotiate: only SMB1 is offered");
  const negotiated = settle(connection, {
    dialect: wildcard ? WILDCARD_DIALECT : 0x0202,
    signingAlgorithm: undefined,
    body: {
      clientGuid: NO_GUID,
      capabilities: 0,
      securityMode: SIGNING_ENABLED,
      dialects: [],
      clientStartTime: 0n,
    },
  });
  connection.multiProtocol = true;
  // MS-SMB2 3.3.5.3.1: after 2.??? a second NEGOTIATE, of SMB2, settles the dialect.
  if (!wildcard) connection.negotiated = negotiated;
  connection.window.take(0n, 1);
  const header = makeHeader({
    command: Command.NEGOTIATE,
    flags: HeaderFlags.SERVER_TO_REDIR,
    credits: connection.window.grant(1),
  });
  const body = answer(connection, negotiated, when.now);
  connection.sendAll([{
    message: { kind: "response", command: "NEGOTIATE", header, body },
    session: undefined,
    sign: false,
    encoded: undefined,
  }]);
}

/**
 * Handles FSCTL_VALIDATE_NEGOTIATE_INFO (MS-SMB2 3.3.5.15.12).
 *
 * @param work The request.
 * @param body Its body.
 * @returns The output.
 */
export function validateNegotiate(work: Work, body: IoctlRequest): Uint8Array {
  const { negotiated, server } = work.connection;
  if (negotiated === undefined || negotiated.dialect === 0x0311) {
    throw new Disconnect("Cannot validate negotiation: not in this dialect");
  }
  if (body.maxOutputResponse < 24) throw new Refusal(Status.INVALID_PARAMETER);
  const asked = decodeFsctlInput(body.ctlCode, body.input);
  if (asked.kind !== "validateNegotiateRequest") throw new Refusal(Status.INVALID_PARAMETER);
  const same = asked.guid === negotiated.clientGuid &&
    asked.capabilities === negotiated.clientCapabilities &&
    asked.securityMode === negotiated.clientSecurityMode &&
    chooseDialect(work.connection, asked.dialects) === negotiated.dialect;
  // MS-SMB2 3.3.5.15.12: a difference is an attack, and ends the connection without an answer.
  if (!same) throw new Disconnect("Cannot validate negotiation: it was altered");
  return encodeFsctlBody({
    kind: "validateNegotiateResponse",
    capabilities: negotiated.capabilities,
    guid: server.guid,
    securityMode: negotiated.securityMode,
    dialect: negotiated.dialect,
  });
}

const NO_GUID = "00000000-0000-0000-0000-000000000000";

function chooseDialect(connection: Connection, offered: readonly number[]): number | undefined {
  const { dialects } = connection.server;
  return DIALECTS.find((dialect) => offered.includes(dialect) && dialects.includes(dialect));
}

function chooseSigning(contexts: readonly NegotiateContext[]): number | undefined {
  const offered = contexts.find((context) => context.kind === "signing");
  if (offered === undefined) return undefined;
  // MS-SMB2 3.3.5.4: an empty list is an error.
  if (offered.algorithms.length === 0) throw new Refusal(Status.INVALID_PARAMETER);
  return SIGNING_PREFERENCE.find((id) => offered.algorithms.includes(id));
}

// MS-SMB2 3.3.5.4: 3.1.1 needs exactly one list of hash algorithms, with SHA-512 in it.
function checkPreauth(contexts: readonly NegotiateContext[]): void {
  const offered = contexts.filter((context) => context.kind === "preauthIntegrity");
  const [first] = offered;
  if (first === undefined || offered.length > 1) throw new Refusal(Status.INVALID_PARAMETER);
  if (first.hashAlgorithms.length === 0) throw new Refusal(Status.INVALID_PARAMETER);
  if (!first.hashAlgorithms.includes(SHA_512)) {
    throw new Refusal(Status.SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP);
  }
}

function settle(
  connection: Connection,
  how: {
    readonly body: NegotiateRequest;
    readonly dialect: number;
    readonly signingAlgorithm: number | undefined;
  },
): Negotiated {
  const { server } = connection;
  const { body, dialect, signingAlgorithm } = how;
  const large = dialect >= 0x0210 && dialect !== WILDCARD_DIALECT;
  const leasing = large && server.caching ? CAP_LEASING : 0;
  return {
    dialect,
    clientGuid: body.clientGuid,
    clientCapabilities: body.capabilities,
    clientSecurityMode: body.securityMode,
    clientDialects: body.dialects,
    capabilities: (large ? CAP_LARGE_MTU : 0) | leasing,
    securityMode: SIGNING_ENABLED | (server.requireSigning ? SIGNING_REQUIRED : 0),
    maxTransactSize: large
      ? server.maxTransactSize
      : Math.min(server.maxTransactSize, MAX_SMALL_SIZE),
    signingAlgorithm,
    supportsMultiCredit: large,
  };
}

function answer(connection: Connection, negotiated: Negotiated, now: number): NegotiateResponse {
  const { server } = connection;
  return {
    securityMode: negotiated.securityMode,
    dialectRevision: negotiated.dialect,
    serverGuid: server.guid,
    capabilities: negotiated.capabilities,
    maxTransactSize: negotiated.maxTransactSize,
    maxReadSize: negotiated.maxTransactSize,
    maxWriteSize: negotiated.maxTransactSize,
    systemTime: server.fileTime(now),
    serverStartTime: 0n,
    securityBuffer: server.newAcceptor().hint(),
  };
}

function answerContexts(
  work: Work,
  signingAlgorithm: number | undefined,
): NegotiateContext[] {
  const contexts: NegotiateContext[] = [{
    kind: "preauthIntegrity",
    hashAlgorithms: [SHA_512],
    salt: work.server.random(32),
  }];
  if (signingAlgorithm !== undefined) {
    contexts.push({ kind: "signing", algorithms: [signingAlgorithm] });
  }
  return contexts;
}
