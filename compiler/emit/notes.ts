/** Recorded outcomes -> comments: of one operation, and of many that a loop stands for. */
import { statusName } from "../../runtime/wire/mod.ts";
import type { CreateOperation, PlanOperation } from "../plan.ts";
import { isImplied } from "./labels.ts";
import { leaseText, oplockText } from "./options.ts";
import type { Note } from "./step.ts";

const ACTIONS = ["superseded", "opened", "created", "overwritten"];

/** The recorded outcome of an operation. */
export function noteOf(operation: PlanOperation): Note {
  const { frames, status, answeredAt } = operation;
  const bare = (text: string): Note => ({
    request: frames.request,
    response: null,
    text,
    bytes: null,
    seconds: null,
  });
  if (isImplied(operation)) return bare("before the capture began");
  if (operation.kind === "disconnect") return bare("the connection ended");
  if (operation.kind === "cancel") return bare("CANCEL");
  if (status === null || answeredAt === null) return bare("no answer in the capture");
  const parts = [statusName(status)];
  if (operation.kind === "create") parts.push(...grantText(operation));
  if (frames.interim !== undefined) parts.push(`pending #${frames.interim}`);
  if (operation.incomplete !== undefined) parts.push(operation.incomplete);
  return {
    request: frames.request,
    response: frames.response ?? null,
    text: parts.join(", "),
    bytes: operation.kind === "read" ? operation.returned?.length ?? null : null,
    seconds: answeredAt - operation.at,
  };
}

/** The outcome of a compound: equal statuses are told once. */
export function compoundNote(chain: readonly PlanOperation[]): Note {
  const notes = chain.map(noteOf);
  const first = notes[0]!;
  const texts = notes.map(({ text }) => text);
  const rest = texts.slice(1).every((text) => text === "SUCCESS");
  const alike = rest && (texts[0] === "SUCCESS" || texts[0]!.startsWith("SUCCESS, "));
  const responses = new Set(notes.map(({ response }) => response));
  const told = alike && responses.size === 1
    ? [texts[0]!, `${texts.length} answers`]
    : notes.map(({ text, response }) =>
      response === first.response || response === null ? text : `#${response} ${text}`
    );
  return {
    ...first,
    text: told.join(alike ? ", " : " | "),
    bytes: notes.find(({ bytes }) => bytes !== null)?.bytes ?? null,
    seconds: notes.some(({ seconds }) => seconds === null)
      ? null
      : Math.max(...notes.map(({ seconds }) => seconds!)),
  };
}

/** `#44 SUCCESS, created, lease RWH, 1.66 ms` */
export function noteText({ response, text, bytes, seconds }: Note): string {
  return [
    response === null ? text : `#${response} ${text}`,
    ...bytes === null ? [] : [`${bytes} bytes`],
    ...seconds === null ? [] : [durationText(seconds)],
  ].join(", ");
}

/** What a line came to each time: `#215..#1014 SUCCESS, 65536 bytes, 0.2 to 1.5 ms`. */
export function summaryText(notes: readonly Note[]): string {
  const [first] = notes;
  if (first === undefined) return "";
  if (notes.length === 1) return noteText(first);
  const frames = notes.flatMap(({ request, response }) => [request, response ?? request]);
  const [low, high] = extremes(frames);
  const parts = [`#${low}..#${high} ${commonText(notes.map(({ text }) => text))}`.trimEnd()];
  const bytes = notes.map(({ bytes }) => bytes).filter((value) => value !== null);
  if (bytes.length > 0) {
    const [least, most] = extremes(bytes);
    parts.push(least === most ? `${least} bytes` : `${least} to ${most} bytes`);
  }
  const times = notes.map(({ seconds }) => seconds).filter((value) => value !== null);
  if (times.length > 0) {
    const [least, most] = extremes(times).map(durationText) as [string, string];
    const unit = / .*/.exec(most)![0];
    parts.push(
      least === most
        ? least
        : `${least.endsWith(unit) ? least.slice(0, -unit.length) : least} to ${most}`,
    );
  }
  return parts.join(", ");
}

/** What all texts say: parts that differ, such as the frame of an interim answer, are left out. */
function commonText(texts: readonly string[]): string {
  const parts = texts[0]!.split(", ");
  const others = new Set(texts);
  others.delete(texts[0]!);
  for (const other of others) {
    const its = other.split(", ");
    for (let i = parts.length - 1; i >= 0; i--) if (!its.includes(parts[i]!)) parts.splice(i, 1);
  }
  return parts.join(", ");
}

function extremes(values: readonly number[]): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

function grantText({ granted }: CreateOperation): string[] {
  if (granted === null) return [];
  const parts = [ACTIONS[granted.action] ?? `action ${granted.action}`];
  if (granted.lease !== null) parts.push(`lease ${leaseText(granted.lease) || "none"}`);
  else if (granted.oplock !== 0) parts.push(`oplock ${oplockText(granted.oplock)}`);
  return parts;
}

/** A length of time as people say it. */
export function durationText(seconds: number): string {
  const milliseconds = seconds * 1000;
  if (milliseconds < 10) return `${milliseconds.toFixed(2)} ms`;
  if (milliseconds < 10_000) return `${milliseconds.toFixed(0)} ms`;
  return `${seconds.toFixed(1)} s`;
}
