/** Failures of a scenario. */

/** The scenario used the API in a way that cannot be carried out. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
}

/** An operation of a scenario had a status that it did not expect. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  /** `"CREATE"`, ... */
  readonly command: string;
  /** Name without `STATUS_`. */
  readonly status: string;
  /** NTSTATUS. */
  readonly code: number;
  /** Relative to the share; empty where there is none. */
  readonly path: string;

  constructor(
    fields: { command: string; status: string; code: number; path: string; expected: string },
  ) {
    const subject = fields.path === ""
      ? fields.command
      : `${fields.command} ${JSON.stringify(fields.path)}`;
    super(
      `Cannot complete ${subject}: the server answered ${fields.status}, not ${fields.expected}`,
    );
    this.command = fields.command;
    this.status = fields.status;
    this.code = fields.code;
    this.path = fields.path;
  }
}

/** An operation got no response: the connection is lost, or the time is up. */
export class NoResponseError extends Error {
  override readonly name = "NoResponseError";
  readonly command: string;
  readonly path: string;

  constructor(fields: { command: string; path: string; reason: string; cause?: unknown }) {
    const subject = fields.path === ""
      ? fields.command
      : `${fields.command} ${JSON.stringify(fields.path)}`;
    super(
      `Cannot complete ${subject}: ${fields.reason}`,
      fields.cause === undefined ? undefined : { cause: fields.cause },
    );
    this.command = fields.command;
    this.path = fields.path;
  }
}

/** What a scenario waited for did not come. */
export class ExpectationError extends Error {
  override readonly name = "ExpectationError";
}

/** The scenario ended the run. */
export class AbortedError extends Error {
  override readonly name = "AbortedError";
}

/** What failed first: the error of a body, where closing what it had opened (`await using`) then failed as well. */
export function firstError(error: unknown): unknown {
  let first = error;
  while (first instanceof Error && first.name === "SuppressedError" && "suppressed" in first) {
    first = first.suppressed;
  }
  return first;
}
