/** NEGOTIATE -> options of `connect`. */
import type { ConnectOperation, PlanNegotiateContext } from "../plan.ts";
import { type Code, hexNumber, list, object, quoted } from "./code.ts";
import { capabilitiesCode, dialectCode, type HexCode } from "./options.ts";
import { expectedStatus } from "./values.ts";

/** Names of the scripting API for hashes, ciphers, signing and compression (MS-SMB2 2.2.3.1). */
const HASHES = new Map([[0x0001, "SHA-512"]]);
const CIPHERS = new Map([
  [0x0001, "AES-128-CCM"],
  [0x0002, "AES-128-GCM"],
  [0x0003, "AES-256-CCM"],
  [0x0004, "AES-256-GCM"],
]);
const SIGNING = new Map([[0x0000, "HMAC-SHA256"], [0x0001, "AES-CMAC"], [0x0002, "AES-GMAC"]]);
const COMPRESSION = new Map([
  [0x0001, "LZNT1"],
  [0x0002, "LZ77"],
  [0x0003, "LZ77+Huffman"],
  [0x0004, "Pattern_V1"],
  [0x0005, "LZ4"],
]);

/** 3.1.1, the dialect that has negotiate contexts. */
const WITH_CONTEXTS = 0x0311;

/** What is offered unless a script says otherwise. */
const DIALECTS: readonly number[] = [0x0202, 0x0210, 0x0300, 0x0302, 0x0311];
const ALL_CIPHERS: readonly number[] = [0x0002, 0x0001, 0x0004, 0x0003];
const ALL_SIGNING: readonly number[] = [0x0002, 0x0001, 0x0000];
const SALT_LENGTH = 32;

/** Options of a connect. */
export function connectOptions(
  operation: ConnectOperation,
  hex: HexCode,
): Code | undefined {
  if (operation.implied) return undefined;
  return object({
    smb1: operation.smb1 ? "true" : undefined,
    dialects: operation.dialects.length === 0 || isAll(operation.dialects, DIALECTS)
      ? undefined
      : list(operation.dialects.map(dialectCode)),
    securityMode: operation.securityMode === 1 ? undefined : hexNumber(operation.securityMode, 2),
    capabilities: operation.capabilities === 0 ? "0" : capabilitiesCode(operation.capabilities),
    ...operation.dialects.includes(WITH_CONTEXTS) ? contextOptions(operation, hex) : {},
    expect: expectedStatus(operation),
  });
}

/** The contexts, where they are not what a client of ours offers in that order. */
function contextOptions(
  { contexts, incomplete }: ConnectOperation,
  hex: HexCode,
): Record<string, Code | undefined> {
  // What the capture lacks was offered nevertheless.
  if (contexts.length === 0 && incomplete !== undefined) return {};
  const usual = usualContexts(contexts);
  if (usual === null) {
    return { contexts: list(contexts.map((context) => negotiateContextCode(context, hex))) };
  }
  const { ciphers, signing, netname } = usual;
  return {
    ciphers: isAll(ciphers, ALL_CIPHERS) ? undefined : named(ciphers, CIPHERS),
    signingAlgorithms: isAll(signing, ALL_SIGNING) ? undefined : named(signing, SIGNING),
    netname: netname ? "true" : undefined,
  };
}

/** What the contexts offer, where they stand in the order in which `connect` sends them; else null. */
function usualContexts(contexts: readonly PlanNegotiateContext[]) {
  const rest = [...contexts];
  const preauth = rest.shift();
  if (preauth?.kind !== "preauthIntegrity" || preauth.saltLength !== SALT_LENGTH) return null;
  if (!isAll(preauth.hashAlgorithms, [...HASHES.keys()])) return null;
  const [ciphers = []] = rest[0]?.kind === "encryption" ? [rest[0].ciphers] : [];
  if (ciphers.length > 0) rest.shift();
  const [signing = []] = rest[0]?.kind === "signing" ? [rest[0].algorithms] : [];
  if (signing.length > 0) rest.shift();
  const netname = rest[0]?.kind === "netname";
  if (netname) rest.shift();
  return rest.length === 0 ? { ciphers, signing, netname } : null;
}

function isAll(values: readonly number[], all: readonly number[]): boolean {
  return values.length === all.length && values.every((value, index) => value === all[index]);
}

function named(values: readonly number[], names?: ReadonlyMap<number, string>): Code {
  return list(values.map((value) => {
    const name = names?.get(value);
    return name === undefined ? hexNumber(value, 4) : quoted(name);
  }));
}

function negotiateContextCode(
  context: PlanNegotiateContext,
  hex: HexCode,
): Code {
  const kind = quoted(context.kind);
  switch (context.kind) {
    case "preauthIntegrity":
      return object({
        kind,
        hashAlgorithms: named(context.hashAlgorithms, HASHES),
        saltLength: String(context.saltLength),
      })!;
    case "encryption":
      return object({ kind, ciphers: named(context.ciphers, CIPHERS) })!;
    case "compression":
      return object({
        kind,
        flags: context.flags === 0 ? undefined : hexNumber(context.flags),
        algorithms: named(context.algorithms, COMPRESSION),
      })!;
    case "netname":
      // The captured server's name; the target's own is sent.
      return object({ kind })!;
    case "transport":
      return object({ kind, flags: hexNumber(context.flags) })!;
    case "rdmaTransform":
      return object({ kind, transforms: named(context.transforms) })!;
    case "signing":
      return object({ kind, algorithms: named(context.algorithms, SIGNING) })!;
    case "raw":
      return object({ kind, type: hexNumber(context.type, 4), data: hex(context.data) })!;
  }
}
