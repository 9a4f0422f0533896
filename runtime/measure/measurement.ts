/** Records -> summary. */
import { type Distribution, Latency } from "./latency.ts";
import { Course, type Progress } from "./progress.ts";
import type { BreakRecord, CheckRecord, IterationRecord, OperationRecord } from "./record.ts";
import type {
  CommandSummary,
  Divergence,
  DivergenceGroup,
  StatusCount,
  Summary,
} from "./summary.ts";

/** How many divergences of a kind are kept with their details. */
const EXAMPLES = 5;

/** How many kinds of divergence are told apart; what comes beyond is counted only. */
const MAX_GROUPS = 1000;

/** Severity 3 of an NTSTATUS (MS-ERREF 2.3). */
const ERROR_SEVERITY = 3;

interface CommandTotals {
  count: number;
  errors: number;
  matched: number;
  mismatched: number;
  skipped: number;
  payload: number;
  latency: Latency;
}

/** One scenario of a suite. */
interface Part {
  operations: number;
  errors: number;
  iterations: number;
  failed: number;
  readonly latency: Latency;
}

interface Group {
  count: number;
  examples: Divergence[];
}

/** What a `Measurement` needs to know from outside. */
export interface MeasurementOptions {
  /** The name of an NTSTATUS. */
  readonly statusName: (status: number) => string;
}

/**
 * Adds up the records of a run in memory that does not grow with their number.
 *
 * @example
 * ```ts
 * const measurement = new Measurement({ statusName: (status) => status === 0 ? "SUCCESS" : "?" });
 * measurement.add({
 *   id: 1, client: "a", command: "READ", path: "f", label: "12", due: 0, sentAt: 1, completedAt: 3, status: 0,
 *   expected: "SUCCESS", matched: true, payload: 4096, bytesSent: 113, bytesReceived: 4176,
 * });
 * const summary = measurement.summary();
 * if (summary.matched !== 1 || summary.payloadRead !== 4096 || summary.lag.max !== 1) throw new Error();
 * ```
 */
export class Measurement {
  readonly #statusName: (status: number) => string;
  readonly #commands = new Map<string, CommandTotals>();
  readonly #statuses = new Map<number, { count: number; expected: number }>();
  readonly #groups = new Map<string, Group>();
  readonly #lag = new Latency();
  readonly #fromDue = new Latency();
  readonly #breakLatency = new Latency();
  #operations = 0;
  #unanswered = 0;
  #duration = 0;
  #payloadRead = 0;
  #payloadWritten = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #breaks = { received: 0, ackRequired: 0, acknowledged: 0, refused: 0 };
  #divergences = 0;
  #creditStalls = 0;
  readonly #courses = new Map<string, Course>();
  #iterations = { count: 0, failed: 0, dropped: 0 };
  readonly #parts = new Map<string, Part>();
  readonly #iterationTime = new Latency();
  readonly #iterationLag = new Latency();
  readonly #checks = new Map<string, { passed: number; failed: number }>();

  constructor(options: MeasurementOptions) {
    this.#statusName = options.statusName;
  }

  /** How the run stands; rates and lags are those of about the last second. */
  get progress(): Progress {
    const duration = this.#duration;
    return {
      divergences: this.#divergences,
      duration,
      scenarios: [...this.#courses.values()].map((course) => course.progress(duration)),
    };
  }

  /** Adds an operation. */
  add(record: OperationRecord): void {
    this.#operations++;
    const part = this.#part(record.scenario);
    if (part !== null) {
      part.operations++;
      if (!record.matched) part.errors++;
      if (record.sentAt !== null && record.completedAt !== null) {
        part.latency.add(record.completedAt - record.sentAt);
      }
    }
    this.#course(record.scenario ?? "").add(record);
    const totals = this.#totals(record.command);
    if (record.skipped !== undefined) totals.skipped++;
    else if (record.matched) totals.matched++;
    else totals.mismatched++;
    if (record.sentAt !== null) this.#addSent(record, totals);
    for (const divergence of this.#divergencesOf(record)) this.#diverge(divergence);
  }

  /** Adds a break. */
  addBreak(record: BreakRecord): void {
    this.#breaks.received++;
    if (record.ackRequired) this.#breaks.ackRequired++;
    if (record.acknowledgedAt !== null) {
      this.#breaks.acknowledged++;
      this.#breakLatency.add(record.acknowledgedAt - record.receivedAt);
      if (record.ackStatus !== null && record.ackStatus >>> 30 === ERROR_SEVERITY) {
        this.#breaks.refused++;
      }
    }
    this.#duration = Math.max(this.#duration, record.receivedAt, record.acknowledgedAt ?? 0);
  }

  /** Adds an iteration of a user under load. */
  addIteration(record: IterationRecord): void {
    this.#iterations.count++;
    const part = this.#part(record.scenario);
    if (part !== null) {
      part.iterations++;
      if (record.failure !== null) part.failed++;
    }
    if (record.failure !== null) this.#iterations.failed++;
    this.#iterationTime.add(record.endedAt - record.startedAt);
    if (record.due !== null) this.#iterationLag.add(record.startedAt - record.due);
    this.#duration = Math.max(this.#duration, record.endedAt);
  }

  /** Adds requests that had to wait for credits. */
  addCreditStalls(count: number): void {
    this.#creditStalls += count;
  }

  /** Adds iterations that nobody was free for. */
  addDropped(count: number): void {
    this.#iterations.dropped += count;
  }

  /** Adds checks of a script. */
  addCheck(record: CheckRecord): void {
    const counts = this.#checks.get(record.name);
    if (counts === undefined) {
      if (this.#checks.size < MAX_GROUPS) {
        this.#checks.set(record.name, { passed: record.passed, failed: record.failed });
      }
      return;
    }
    counts.passed += record.passed;
    counts.failed += record.failed;
  }

  /** Everything so far. */
  summary(): Summary {
    const commands = [...this.#commands].map(([command, totals]): CommandSummary => ({
      command,
      ...totals,
      latency: totals.latency.distribution(),
    }));
    const sum = (pick: (command: CommandSummary) => number) =>
      commands.reduce((total, command) => total + pick(command), 0);
    return {
      operations: this.#operations,
      sent: sum((command) => command.count),
      matched: sum((command) => command.matched),
      mismatched: sum((command) => command.mismatched),
      skipped: sum((command) => command.skipped),
      unanswered: this.#unanswered,
      duration: this.#duration,
      payloadRead: this.#payloadRead,
      payloadWritten: this.#payloadWritten,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      commands: commands.toSorted((a, b) => b.count - a.count || compare(a.command, b.command)),
      statuses: this.#statusCounts(),
      breaks: { ...this.#breaks, latency: this.#breakLatency.distribution() },
      lag: this.#lag.distribution() satisfies Distribution,
      latencyFromDue: this.#fromDue.distribution(),
      creditStalls: this.#creditStalls,
      divergences: this.#divergenceGroups(),
      divergenceCount: this.#divergences,
      iterations: this.#iterations.count + this.#iterations.dropped === 0 ? null : {
        ...this.#iterations,
        duration: this.#iterationTime.distribution(),
        lag: this.#iterationLag.distribution(),
      },
      scenarios: [...this.#parts].map(([name, part]) => ({
        name,
        ...part,
        latency: part.latency.distribution(),
      })),
      checks: [...this.#checks].map(([name, counts]) => ({ name, ...counts })),
    };
  }

  #part(scenario: string | undefined): Part | null {
    if (scenario === undefined) return null;
    let part = this.#parts.get(scenario);
    if (part === undefined) {
      part = { operations: 0, errors: 0, iterations: 0, failed: 0, latency: new Latency() };
      this.#parts.set(scenario, part);
    }
    return part;
  }

  #course(scenario: string): Course {
    let course = this.#courses.get(scenario);
    if (course === undefined) this.#courses.set(scenario, course = new Course(scenario));
    return course;
  }

  #totals(command: string): CommandTotals {
    let totals = this.#commands.get(command);
    if (totals === undefined) {
      totals = {
        count: 0,
        errors: 0,
        matched: 0,
        mismatched: 0,
        skipped: 0,
        payload: 0,
        latency: new Latency(),
      };
      this.#commands.set(command, totals);
    }
    return totals;
  }

  #addSent(record: OperationRecord, totals: CommandTotals): void {
    const sentAt = record.sentAt ?? 0;
    totals.count++;
    totals.payload += record.payload;
    this.#bytesSent += record.bytesSent;
    this.#bytesReceived += record.bytesReceived;
    if (record.command === "READ") this.#payloadRead += record.payload;
    if (record.command === "WRITE") this.#payloadWritten += record.payload;
    if (record.due !== null) {
      this.#lag.add(sentAt - record.due);
      if (record.completedAt !== null) this.#fromDue.add(record.completedAt - record.due);
    }
    this.#duration = Math.max(this.#duration, record.completedAt ?? sentAt);
    if (record.status === null) {
      totals.errors++;
      this.#unanswered++;
      return;
    }
    if (record.completedAt !== null) totals.latency.add(record.completedAt - sentAt);
    if (record.status >>> 30 === ERROR_SEVERITY) totals.errors++;
    const counts = this.#statuses.get(record.status) ?? { count: 0, expected: 0 };
    counts.count++;
    if (record.matched) counts.expected++;
    this.#statuses.set(record.status, counts);
  }

  #statusCounts(): StatusCount[] {
    return [...this.#statuses]
      .map(([status, counts]) => ({ status, name: this.#statusName(status), ...counts }))
      .sort((a, b) => b.count - a.count || a.status - b.status);
  }

  *#divergencesOf(record: OperationRecord): Iterable<Divergence> {
    const { id, client, label, command, path } = record;
    const at = record.sentAt ?? record.due;
    const common = { id, client, label, command, path, at, expected: record.expected };
    if (record.skipped !== undefined) {
      if (!record.matched) yield { ...common, kind: "skipped", actual: record.skipped };
    } else if (record.status === null) {
      const kind = command === "BREAK" ? "no break" : "no response";
      if (!record.matched) yield { ...common, kind, actual: record.error ?? "no response" };
    } else if (!record.matched) {
      yield { ...common, kind: "status", actual: this.#statusName(record.status) };
    }
    const { grant } = record;
    if (grant !== undefined && grant.expected !== grant.actual) {
      yield { ...common, kind: "grant", expected: grant.expected, actual: grant.actual };
    }
    if (record.wrongData !== undefined) {
      const actual = `other data at offset ${record.wrongData}`;
      yield { ...common, kind: "data", expected: "what was written", actual };
    }
  }

  #diverge(divergence: Divergence): void {
    this.#divergences++;
    const { kind, command, expected, actual } = divergence;
    const key = JSON.stringify([kind, command, expected, actual]);
    const group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size < MAX_GROUPS) {
        this.#groups.set(key, { count: 1, examples: [divergence] });
      }
      return;
    }
    group.count++;
    // Records arrive in the order of completion: the earliest ones of the script are kept.
    group.examples.push(divergence);
    group.examples.sort((a, b) => a.id - b.id);
    group.examples.length = Math.min(group.examples.length, EXAMPLES);
  }

  #divergenceGroups(): DivergenceGroup[] {
    const groups: DivergenceGroup[] = [];
    for (const { count, examples } of this.#groups.values()) {
      const first = examples[0];
      if (first !== undefined) groups.push({ first, count, examples });
    }
    return groups.sort((a, b) => a.first.id - b.first.id);
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
