/** NEGOTIATE -> options of `connect`. */
import type { ConnectOperation, PlanNegotiateContext } from "../plan.ts";
import { type Code, hexNumber, list, object, quoted } from "./code.ts";
import { dialectCode, type HexCode } from "./options.ts";
import { expectedStatus } from "./values.ts";

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
    capabilities: hexNumber(operation.capabilities),
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
  const numbers = (values: readonly number[]) => list(values.map((value) => hexNumber(value, 4)));
  const kind = quoted(context.kind);
  switch (context.kind) {
    case "preauthIntegrity":
      return object({
        kind,
        hashAlgorithms: numbers(context.hashAlgorithms),
        saltLength: String(context.saltLength),
      })!;
    case "encryption":
      return object({ kind, ciphers: numbers(context.ciphers) })!;
    case "compression":
      return object({
        kind,
        flags: context.flags === 0 ? undefined : hexNumber(context.flags),
        algorithms: numbers(context.algorithms),
      })!;
    case "netname":
      // The captured server's name; the target's own is sent.
      return object({ kind })!;
    case "transport":
      return object({ kind, flags: hexNumber(context.flags) })!;
    case "rdmaTransform":
      return object({ kind, transforms: numbers(context.transforms) })!;
    case "signing":
      return object({ kind, algorithms: numbers(context.algorithms) })!;
    case "raw":
      return object({ kind, type: hexNumber(context.type, 4), data: hex(context.data) })!;
  }
}
