/**
 * TypeScript expressions as text that `deno fmt` would leave as it is: an object or list goes on one line where it
 * fits, else one member a line. All quoting is here.
 */

/** Columns of a line. */
const WIDTH = 80;

/** An expression, printed for the column where it starts. */
export type Code = string | ObjectCode | ListCode;

/** `{ name: value, ... }` in order. */
export interface ObjectCode {
  readonly kind: "object";
  readonly members: readonly (readonly [string, Code])[];
}

/** `[value, ...]`. */
export interface ListCode {
  readonly kind: "list";
  readonly items: readonly Code[];
}

/** A string literal: nothing of a capture gets out of it. */
export function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/** A hexadecimal number of `digits` digits, as masks are written. */
export function hexNumber(value: number, digits = 8): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, "0")}`;
}

/** An object of the members that are not undefined; undefined when none is left. */
export function object(members: Record<string, Code | undefined>): ObjectCode | undefined {
  const present = Object.entries(members).filter((member): member is [string, Code] =>
    member[1] !== undefined
  );
  return present.length === 0 ? undefined : { kind: "object", members: present };
}

/** A list. */
export function list(items: readonly Code[]): ListCode {
  return { kind: "list", items };
}

/**
 * `head(arg, arg)` + `tail`, broken inside its last argument where one line is too short.
 *
 * @param start What stands before the call on its line, indentation included.
 */
export function call(
  start: string,
  name: string,
  args: readonly (Code | undefined)[],
  tail = ";",
): string {
  const given = args.filter((arg) => arg !== undefined);
  const flat = given.map(oneLine).join(", ");
  const line = `${start}${name}(${flat})${tail}`;
  const last = given.at(-1);
  if (line.length <= WIDTH || last === undefined || typeof last === "string") return line;
  const before = given.slice(0, -1).map((arg) => `${oneLine(arg)}, `).join("");
  const indent = /^ */.exec(start)![0];
  return `${start}${name}(${before}${broken(last, indent)})${tail}`;
}

/** The expression on one line. */
export function oneLine(code: Code): string {
  if (typeof code === "string") return code;
  if (code.kind === "list") return `[${code.items.map(oneLine).join(", ")}]`;
  const members = code.members.map((member) => memberText(member, oneLine(member[1])));
  return `{ ${members.join(", ")} }`;
}

/** The expression with its members on lines of their own, each broken further only where it is too long. */
export function broken(code: Code, indent: string): string {
  if (typeof code === "string") return code;
  const inner = `${indent}  `;
  if (code.kind === "list") {
    const items = code.items.map((item) => {
      const flat = oneLine(item);
      return `${inner}${fits(inner, flat) ? flat : broken(item, inner)},\n`;
    });
    return `[\n${items.join("")}${indent}]`;
  }
  const members = code.members.map((member) => {
    const flat = memberText(member, oneLine(member[1]));
    const text = fits(inner, flat) ? flat : memberText(member, broken(member[1], inner));
    return `${inner}${text},\n`;
  });
  return `{\n${members.join("")}${indent}}`;
}

function fits(indent: string, text: string): boolean {
  return indent.length + text.length + 1 <= WIDTH;
}

function memberText([name]: readonly [string, Code], value: string): string {
  return name === value ? name : `${name}: ${value}`;
}

/** Text of a capture inside a `//` comment: one line, printable. */
export function comment(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?").slice(0, 200);
}
