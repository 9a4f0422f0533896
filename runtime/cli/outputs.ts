/** Where the values of a run go beside the report: operation log, points, Prometheus, OpenTelemetry, JUnit, JSON. */
import {
  type BreakRecord,
  breakValues,
  type CheckRecord,
  checkValues,
  type IterationRecord,
  iterationValues,
  type MetricSink,
  type OperationRecord,
  operationValues,
  type Summary,
  type ThresholdResult,
} from "../measure/mod.ts";
import {
  breakLine,
  CSV_HEAD,
  csvPoint,
  jsonPoint,
  type JsonReport,
  jsonText,
  junitXml,
  operationLine,
  otlpMetrics,
  type Point,
  prometheusText,
} from "../report/mod.ts";
import { statusName } from "../wire/mod.ts";
import { CommandError, type Given, type Option, UsageError } from "./command.ts";
import { writeWhole, writeWholeSync } from "./files.ts";
import { LineFile } from "./line_file.ts";
import { VERSION } from "./version.ts";

/** Options of outputs. */
export const OUTPUT_OPTIONS: readonly Option[] = [
  {
    name: "oplog",
    value: "FILE",
    help: "write a line of JSON for each operation and break, as they end",
  },
  {
    name: "oplog-sample",
    value: "N",
    help: "keep one operation in N, and all that did not end as expected",
  },
  {
    name: "out",
    value: "KIND=WHERE",
    many: true,
    help:
      "stream values: json=FILE, csv=FILE, prometheus=FILE (text, replaced every second), otel=URL (OTLP/HTTP)",
  },
  { name: "summary-json", value: "FILE", help: "write the report as JSON to a file" },
  {
    name: "summary-dir",
    value: "DIR",
    help: "folder for the files of a scenario's own handleSummary",
  },
  { name: "junit", value: "FILE", help: "write the outcome as JUnit's XML" },
];

/** What a worker's records bring. */
export interface Batch {
  readonly operations: readonly OperationRecord[];
  readonly breaks: readonly BreakRecord[];
  readonly iterations: readonly IterationRecord[];
  readonly checks: readonly CheckRecord[];
  /** Milliseconds of the epoch at which the records' times begin. */
  readonly zero: number;
}

/** How the run stands. */
export interface Standing {
  readonly summary: Summary;
  readonly users: number | null;
  readonly thresholds: readonly ThresholdResult[];
  readonly startedAt: Date;
  readonly scenario: string;
  readonly target: string;
}

interface Output {
  records?(batch: Batch): void;
  /** About once a second. */
  tick?(standing: Standing): void;
  /** At the end of the run. */
  finish(standing: Standing, report: Omit<JsonReport, "version">): void | Promise<void>;
  /** Why it lacks something; null when it does not. */
  readonly problem: string | null;
}

/** Milliseconds between two requests to a collector, and how long one may take. */
const PUSH_MS = 5000;

/** All outputs of a run. */
export class Outputs {
  readonly #outputs: readonly Output[];

  /**
   * @throws {UsageError} When an option is none.
   * @throws {CommandError} When a file cannot be written.
   */
  constructor(given: Given) {
    const outputs: Output[] = [];
    const oplog = given.value("oplog");
    const sample = sampleOf(given.value("oplog-sample"));
    if (oplog === undefined && sample !== 1) {
      throw new UsageError("Cannot run with --oplog-sample alone: it goes with --oplog");
    }
    if (oplog !== undefined) outputs.push(new OperationLog(oplog, sample));
    for (const text of given.values("out")) outputs.push(outputOf(text));
    const summary = given.value("summary-json");
    if (summary !== undefined) {
      outputs.push(new WholeFile(summary, (_, report) => jsonText(report)));
    }
    const junit = given.value("junit");
    if (junit !== undefined) outputs.push(new WholeFile(junit, junitOf));
    this.#outputs = outputs;
  }

  /** Takes what a worker tells. */
  records(batch: Batch): void {
    for (const output of this.#outputs) output.records?.(batch);
  }

  /** About once a second. */
  tick(standing: () => Standing): void {
    if (!this.#outputs.some((output) => output.tick !== undefined)) return;
    const now = standing();
    for (const output of this.#outputs) output.tick?.(now);
  }

  /** Writes what is left. @returns What lacks something, and why. */
  async finish(standing: Standing, report: Omit<JsonReport, "version">): Promise<string[]> {
    for (const output of this.#outputs) await output.finish(standing, report);
    return this.#outputs.flatMap(({ problem }) => problem ?? []);
  }
}

function sampleOf(text: string | undefined): number {
  const sample = text === undefined ? 1 : Number(text);
  if (!Number.isInteger(sample) || sample < 1) {
    throw new UsageError(`Cannot run with --oplog-sample ${text}: a whole number is needed`);
  }
  return sample;
}

/** @throws {UsageError} When there is no such output. */
function outputOf(text: string): Output {
  const [, kind = "", where = ""] = /^([a-z]+)=(.+)$/s.exec(text) ?? [];
  switch (kind) {
    case "json":
      return new PointFile(where, "", jsonPoint);
    case "csv":
      return new PointFile(where, CSV_HEAD, csvPoint);
    case "prometheus":
      return new PrometheusFile(where);
    case "otel":
      return new Collector(urlOf(where));
    default:
      throw new UsageError(
        `Cannot write to ${
          JSON.stringify(text)
        }: outputs are json=FILE, csv=FILE, prometheus=FILE and otel=URL`,
      );
  }
}

function urlOf(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(
      `Cannot send metrics to ${
        JSON.stringify(text.replace(/\/\/.*@/s, "//***@"))
      }: a URL such as http://127.0.0.1:4318 is needed`,
    );
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new UsageError(`Cannot send metrics to ${url.protocol}: only http and https are known`);
  }
  if (url.pathname === "/") url.pathname = "/v1/metrics";
  return url;
}

/** Operations and breaks, one line each. */
class OperationLog implements Output {
  readonly #file: LineFile;
  readonly #sample: number;

  constructor(path: string, sample: number) {
    this.#file = new LineFile(path);
    this.#sample = sample;
  }

  get problem(): string | null {
    return this.#file.problem;
  }

  records({ operations, breaks, zero }: Batch): void {
    const context = { zero, statusName };
    for (const record of operations) {
      if (record.matched && record.id % this.#sample !== 0) continue;
      this.#file.write(operationLine(record, context));
    }
    for (const record of breaks) this.#file.write(breakLine(record, context));
  }

  tick(): void {
    this.#file.flush();
  }

  finish(): void {
    this.#file.close();
  }
}

/** Values of metrics, one line each. */
class PointFile implements Output {
  readonly #file: LineFile;
  readonly #line: (point: Point) => string;

  constructor(path: string, head: string, line: (point: Point) => string) {
    this.#file = new LineFile(path);
    this.#line = line;
    if (head !== "") this.#file.write(head);
  }

  get problem(): string | null {
    return this.#file.problem;
  }

  records({ operations, breaks, iterations, checks, zero }: Batch): void {
    let time = zero;
    const take: MetricSink = (metric, value, tags) =>
      this.#file.write(this.#line({ metric, time, value, tags }));
    for (const record of operations) {
      time = zero + (record.completedAt ?? record.sentAt ?? record.due ?? 0);
      operationValues(record, { statusName }, take);
    }
    for (const record of breaks) {
      time = zero + record.receivedAt;
      breakValues(record, take);
    }
    for (const record of iterations) {
      time = zero + record.endedAt;
      iterationValues(record, take);
    }
    time = Date.now();
    for (const record of checks) checkValues(record, take);
  }

  tick(): void {
    this.#file.flush();
  }

  finish(): void {
    this.#file.close();
  }
}

/** The state in Prometheus' text format, replaced as a whole. */
class PrometheusFile implements Output {
  readonly #path: string;
  problem: string | null = null;

  constructor(path: string) {
    this.#path = path;
    writeWholeSync(path, "");
  }

  tick(standing: Standing): void {
    try {
      writeWholeSync(this.#path, prometheusText(standing.summary, standing));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.problem = error.message;
    }
  }

  finish(standing: Standing): void {
    this.problem = null;
    this.tick(standing);
  }
}

/** A collector of OpenTelemetry's. */
class Collector implements Output {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  #sentAt = 0;
  #sending: Promise<void> = Promise.resolve();
  #busy = false;
  problem: string | null = null;

  /** @param url Where to; a user and password in it go into a header, and into no message. */
  constructor(url: URL) {
    const { username, password } = url;
    this.#url = new URL(url);
    this.#url.username = this.#url.password = "";
    const type = { "content-type": "application/json" };
    this.#headers = username === "" && password === "" ? type : {
      ...type,
      authorization: `Basic ${
        new TextEncoder().encode(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
          .toBase64()
      }`,
    };
  }

  tick(standing: Standing): void {
    const now = Date.now();
    if (this.#busy || now - this.#sentAt < PUSH_MS) return;
    this.#sentAt = now;
    this.#sending = this.#send(standing);
  }

  async finish(standing: Standing): Promise<void> {
    await this.#sending;
    await this.#send(standing);
  }

  async #send({ summary, startedAt, scenario, target }: Standing): Promise<void> {
    this.#busy = true;
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: this.#headers,
        body: JSON.stringify(otlpMetrics(summary, {
          startedAt: startedAt.getTime(),
          now: Date.now(),
          version: VERSION,
          scenario,
          target,
        })),
        signal: AbortSignal.timeout(PUSH_MS),
      });
      await response.body?.cancel();
      this.problem = response.ok
        ? null
        : `Cannot send metrics to ${this.#url.host}: it answered ${response.status}`;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.problem = `Cannot send metrics to ${this.#url.host}: ${reason}`;
    }
    this.#busy = false;
  }
}

/** A file that is written when everything is known. */
class WholeFile implements Output {
  readonly #path: string;
  readonly #content: ContentOf;
  problem: string | null = null;

  constructor(path: string, content: ContentOf) {
    this.#path = path;
    this.#content = content;
  }

  async finish(standing: Standing, report: Omit<JsonReport, "version">): Promise<void> {
    try {
      await writeWhole(this.#path, this.#content(standing, report));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.problem = error.message;
    }
  }
}

type ContentOf = (standing: Standing, report: Omit<JsonReport, "version">) => string;

function junitOf(standing: Standing, report: Omit<JsonReport, "version">): string {
  return junitXml({
    scenario: standing.scenario,
    startedAt: report.startedAt,
    ok: report.exitCode === 0,
    verdict: report.outcome,
    summary: standing.summary,
    thresholds: standing.thresholds,
  });
}
