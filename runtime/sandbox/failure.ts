/** Errors of a scenario -> one sentence and the places in the scenario's files. */
import { UnsupportedError } from "../client/mod.ts";
import {
  AbortedError,
  ExpectationError,
  firstError,
  NoResponseError,
  ParamsError,
  ProvisionError,
  StatusError,
} from "../script/mod.ts";
import type { ScenarioPlace } from "./errors.ts";
import type { ScenarioFailure } from "./messages.ts";

/** How a scenario's files are called in stack traces. */
export const SCENARIO_SCHEME = "scenario:///";

const FRAME = /scenario:\/\/\/([^\s()]+?):(\d+):(\d+)/g;

// deno-lint-ignore no-control-regex
const COLOURS = /\u001b\[[0-9;]*m/g;

/** Longest message that is worth showing. */
const MAX_MESSAGE = 4000;

/** What the host is told about an error. */
export function describeFailure(thrown: unknown): ScenarioFailure {
  const error = firstError(thrown);
  return {
    kind: kindOf(error),
    message: messageOf(error),
    places: placesOf(error instanceof Error ? error.stack ?? "" : ""),
  };
}

function kindOf(error: unknown): ScenarioFailure["kind"] {
  if (error instanceof ParamsError) return "params";
  if (error instanceof AbortedError) return "aborted";
  if (error instanceof UnsupportedError) return "unsupported";
  if (error instanceof ProvisionError) return error.refused ? "refused" : "provision";
  if (error instanceof NoResponseError) return "no response";
  if (error instanceof StatusError || error instanceof ExpectationError) return "expectation";
  return error instanceof Error && error.name === "AssertionError" ? "expectation" : "script";
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `the scenario threw ${clip(text(error))}`;
  const plainText = error.message.replaceAll(COLOURS, "").trim();
  const message = clip(error.name === "AssertionError" ? assertionText(plainText) : plainText);
  // Errors of the language come without a subject: "x is not a function".
  const plain = error.name === "Error" || error.name === "AbortedError" ||
    error.name === "AssertionError" ||
    /^Cannot /.test(message);
  return plain ? message : `${error.name}: ${message}`;
}

/** An assertion's message has a difference below it; where that is one value each, one sentence says it. */
function assertionText(message: string): string {
  const [first = "", ...rest] = message.split("\n").filter((line) => line.trim() !== "");
  const lines = rest.filter((line) => !/^\s*\[Diff\]/.test(line));
  const actual = lines.filter((line) => line.startsWith("-"));
  const expected = lines.filter((line) => line.startsWith("+"));
  const summary = first.replace(/[.:]$/, "");
  if (actual.length === 1 && expected.length === 1 && lines.length === 2) {
    const value = (line: string | undefined) => (line ?? "").slice(1).trim();
    return `${summary}: expected ${value(expected[0])}, got ${value(actual[0])}`;
  }
  return lines.length === 0 ? summary : [`${summary} (- actual, + expected)`, ...lines].join("\n");
}

/** What was thrown may be hostile too: its own conversion to text may throw. */
function text(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}

function clip(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}...`;
}

function placesOf(stack: string): ScenarioPlace[] {
  const places: ScenarioPlace[] = [];
  for (const [, file, line, column] of stack.slice(0, 20 * MAX_MESSAGE).matchAll(FRAME)) {
    places.push({ file: decodeURI(file ?? ""), line: Number(line), column: Number(column) });
  }
  return places;
}
