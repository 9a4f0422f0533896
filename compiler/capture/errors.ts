/**
 * The one error of this room: the input is missing, unreadable, or not a capture at all. Everything else that is wrong with
 * a capture becomes a note.
 *
 * @module
 */

/** A file or stream that cannot be read as a capture; the message is one sentence for the user. */
export class CaptureError extends Error {
  /** What was to be read: a path, or "standard input". */
  readonly source: string;

  constructor(message: string, options: { readonly source: string; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CaptureError";
    this.source = options.source;
  }
}
