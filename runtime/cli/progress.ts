/** One line on standard error that follows a run, when somebody is there to see it. */
import type { Terminal } from "./terminal.ts";

/** How often the line changes, in milliseconds. */
const INTERVAL_MS = 250;

/** Shows `text()` until disposed of, then takes it away. */
export class ProgressLine implements Disposable {
  readonly #terminal: Terminal;
  readonly #timer: ReturnType<typeof setInterval> | null;
  #shown = false;

  constructor(terminal: Terminal, text: () => string) {
    this.#terminal = terminal;
    this.#timer = terminal.interactive
      ? setInterval(() => {
        terminal.err(`\r\u001b[K${text().slice(0, terminal.columns - 1)}`);
        this.#shown = true;
      }, INTERVAL_MS)
      : null;
  }

  /** Writes whole lines above the progress line. */
  above(text: string): void {
    this.#clear();
    this.#terminal.err(text);
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#clear();
  }

  #clear(): void {
    if (this.#shown) this.#terminal.err("\r\u001b[K");
    this.#shown = false;
  }
}
