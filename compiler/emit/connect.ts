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

/** Options of a connect. */
export function connectOptions(
  operation: ConnectOperation,
  hex: HexCode,
): Code | undefined {
  if (operation.implied) return undefined;
  return object({
    smb1: operation.smb1 ? "true" : undefined,
    dialects: operation.dialects.length === 0
      ? undefined
      : list(operation.dialects.map(dialectCode)),
    securityMode: operation.securityMode === 1 ? undefined : hexNumber(operation.securityMode, 2),
    capabilities: operation.capabilities === 0 ? "0" : capabilitiesCode(operation.capabilities),
    contexts: operation.contexts.length === 0
      ? undefined
      : list(operation.contexts.map((context) => negotiateContextCode(context, hex))),
    expect: expectedStatus(operation),
  });
}

function negotiateContextCode(
  context: PlanNegotiateContext,
  hex: HexCode,
): Code {
  const named = (values: readonly number[], names?: ReadonlyMap<number, string>) =>
    list(values.map((value) => {
      const name = names?.get(value);
      return name === undefined ? hexNumber(value, 4) : quoted(name);
    }));
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
