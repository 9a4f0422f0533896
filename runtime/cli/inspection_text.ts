/** What a capture contains, for people: the story at a glance first, then tables. */
import type { Inspection } from "../../compiler/mod.ts";
import { byteText, durationText, lines, plural, printable, table } from "../report/mod.ts";
import { noteLines } from "./capture_options.ts";

type Times = NonNullable<Inspection["thinkTime"]>;

/** Rows of a table. */
const MAX_ROWS = 20;
const MAX_CLIENTS = 10;

/** Names on one line. */
const MAX_NAMES = 5;

/** Columns of a path in a table, and what the other columns of these tables take. */
const MIN_PATH = 24;
const FILE_COLUMNS = 50;
const SLOW_COLUMNS = 48;

/** The inspection as text in so many columns, with a line feed at its end. */
export function inspectionText(name: string, found: Inspection, width = 80): string {
  const sections = [
    head(name, found),
    overview(found, width),
    clientTable(found),
    commandTable(found),
    statusTable(found),
    slowTable(found, width),
    fileTable(found, width),
    noteSection(found),
  ];
  return `${
    sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n")
  }\n`;
}

function head(name: string, found: Inspection): string[] {
  const { format, packets, exchanges, start, seconds, timing } = found;
  const span = start === null
    ? ""
    : timing === "order"
    ? ", with times that cannot be true"
    : ` in ${time(seconds)}, from ${start}`;
  return [
    `${printable(name)}: ${format}, ${plural(packets, "packet")}, ${
      plural(exchanges, "exchange")
    }${span}`,
  ];
}

/** A label and what it says. */
type Entry = readonly [label: string, text: string];

function overview(found: Inspection, width: number): string[] {
  if (found.exchanges === 0) return [];
  const entries: Entry[] = [
    ["clients", clients(found)],
    ["servers", servers(found)],
    ["shares", shares(found)],
    ["users", users(found)],
    ["security", security(found)],
    ["data", data(found)],
    ...access("reads", found.reads),
    ...access("writes", found.writes),
    ["at once", overlap(found)],
    ...thinkTime(found),
    ...granted("leases", found.leases),
    ...granted("oplocks", found.oplocks),
    ...contexts(found),
    ...breaks(found),
    ...coverage(found),
  ];
  return entries.flatMap(([label, text]) => lines(label, text, width));
}

function thinkTime({ thinkTime, timing }: Inspection): Entry[] {
  return thinkTime === null || timing === "order" ? [] : [["think time", spread(thinkTime)]];
}

function contexts({ contexts }: Inspection): Entry[] {
  return Object.keys(contexts).length === 0 ? [] : [["contexts", counts(contexts, 12)]];
}

/** What of the exchanges a scenario would not have; why, the notes tell. */
function coverage({ coverage }: Inspection): Entry[] {
  const { seen, dropped, partly } = coverage;
  if (dropped === 0 && partly === 0) return [];
  return [[
    "coverage",
    `${seen - dropped} of ${seen} exchanges can be compiled${
      partly === 0 ? "" : `, ${partly} of them known in part`
    }`,
  ]];
}

function clients({ clients, clientCount }: Inspection): string {
  const addresses = new Set(clients.map(({ address }) => address)).size;
  const at = addresses === 1 && clients[0] !== undefined
    ? ` at ${clients[0].address}`
    : ` at ${plural(addresses, "address").replace("addresss", "addresses")}`;
  const connections = clients.reduce((sum, client) => sum + client.connections, 0);
  return printable(`${clientCount}${at}, ${plural(connections, "connection")}`);
}

function servers({ servers }: Inspection): string {
  const shown = servers.slice(0, MAX_NAMES).map(({ address, dialects }) =>
    `${address} (${dialects.length === 0 ? "no negotiation seen" : `SMB ${dialects.join(", ")}`})`
  );
  return names(shown, servers.length);
}

function shares({ shares }: Inspection): string {
  const shown = shares.slice(0, MAX_NAMES).map(({ path, operations }) =>
    `${path} ${plural(operations, "operation")}`
  );
  return shares.length === 0 ? "none seen" : names(shown, shares.length);
}

function users({ users, sessions }: Inspection): string {
  const { logins, failed, reauthentications, channels, mechanisms } = sessions;
  if (logins === 0) return "no login seen";
  const shown = users.slice(0, MAX_NAMES).map(({ name, failed }) =>
    failed === 0 ? name : `${name} (${failed} refused)`
  );
  return [
    users.length === 0 ? "no name seen" : names(shown, users.length),
    `${plural(logins, "login")} (${counts(mechanisms)})`,
    ...failed > 0 ? [`${failed} failed`] : [],
    ...reauthentications > 0 ? [`${reauthentications} again`] : [],
    ...channels > 0 ? [plural(channels, "further channel")] : [],
  ].join("; ");
}

function security({ security, sessions, compressed }: Inspection): string {
  const { signed, encrypted, undecryptable, ciphers, signing, signingRequired } = security;
  const chosen = [
    ...[...Object.keys(ciphers), ...Object.keys(signing)].filter((one) => one !== "none"),
  ];
  const parts = [
    ...signed > 0 ? [`${plural(signed, "request")} signed`] : [],
    ...encrypted > 0 ? [`${encrypted} encrypted`] : [],
    ...undecryptable > 0 ? [`${undecryptable} could not be decrypted`] : [],
    ...compressed > 0 ? [`${compressed} compressed`] : [],
    ...sessions.signing > 0 ? [`${plural(sessions.signing, "session")} signing`] : [],
    ...sessions.encryption > 0 ? [`${plural(sessions.encryption, "session")} encrypting`] : [],
    ...signingRequired.servers > 0 ? ["servers require signing"] : [],
    ...chosen.length > 0 ? [chosen.join(", ")] : [],
  ];
  return parts.length === 0 ? "nothing signed, nothing encrypted" : parts.join(", ");
}

function data({ bytes, mix }: Inspection): string {
  return `${byteText(bytes.read)} read, ${byteText(bytes.written)} written; ${
    plural(mix.data, "operation")
  } on data, ${mix.metadata} on names and attributes, ${mix.session} on sessions`;
}

function access(label: string, { count, bytes, sequential, sizes }: Inspection["reads"]): Entry[] {
  if (count === 0) return [];
  const classes = Object.entries(sizes).map(([end, number]) =>
    `${number} ${end === "larger" ? "larger" : `to ${sizeText(Number(end))}`}`
  );
  return [[
    label,
    `${count} of ${byteText(Math.round(bytes / count))} on average, ${
      Math.round(100 * sequential / count)
    } % sequential; ${classes.join(", ")}`,
  ]];
}

/** Round sizes without zeros behind the point. */
function sizeText(bytes: number): string {
  return byteText(bytes).replace(/\.0+ /, " ");
}

function overlap({ overlap, clients, reconnects, timing }: Inspection): string {
  const { max, at, compounds, pending, cancelled } = overlap;
  const busiest = clients.toSorted((one, other) => other.inFlight - one.inFlight)[0];
  return [
    `at most ${plural(max, "request")}${
      at === null || max < 2 || timing === "order" ? "" : ` (at ${at.toFixed(3)} s)`
    }`,
    ...busiest === undefined || clients.length === 1 || max < 2
      ? []
      : [`of one client ${busiest.inFlight} (${printable(busiest.id)})`],
    ...compounds.count > 0
      ? [`${plural(compounds.count, "compound")} of ${compounds.requests} requests`]
      : [],
    ...pending > 0 ? [`${pending} pending at the server`] : [],
    ...cancelled > 0 ? [`${cancelled} cancelled`] : [],
    ...reconnects > 0 ? [plural(reconnects, "durable reconnect")] : [],
  ].join(", ");
}

function granted(label: string, { asked, granted }: Inspection["leases"]): Entry[] {
  if (Object.keys(asked).length === 0) return [];
  return [[label, `asked ${counts(asked)}; granted ${counts(granted) || "none"}`]];
}

function breaks({ breaks, timing }: Inspection): Entry[] {
  const { received, acknowledged, closed, unanswered, refused, delay, kinds, slowest } = breaks;
  if (received === 0) return [];
  const answers = [
    ...acknowledged > 0 ? [`${acknowledged} acknowledged`] : [],
    ...closed > 0 ? [`${closed} answered by closing`] : [],
    ...unanswered > 0 ? [`${unanswered} without the answer that was asked for`] : [],
    ...refused > 0 ? [`${refused} refused`] : [],
  ];
  if (delay !== null && timing !== "order") answers.push(`after ${spread(delay)}`);
  const last = slowest === null || (delay?.count ?? 0) < 2 || timing === "order"
    ? ""
    : ` (#${slowest.frame}, ${printable(slowest.client)})`;
  return [
    ["breaks", `${received} received (${counts(kinds)})`],
    ...answers.length === 0 ? [] : [["answers", `${answers.join(", ")}${last}`] as const],
  ];
}

function clientTable({ clients, clientCount, timing }: Inspection): string[] {
  if (clients.length < 2) return [];
  const rows = clients.slice(0, MAX_CLIENTS).map((client) => [
    printable(client.id),
    printable(client.address),
    printable(client.users.slice(0, 2).join(", ")) || "-",
    String(client.connections),
    String(client.operations),
    String(client.inFlight),
    client.thinkTime === null || timing === "order" ? "-" : time(client.thinkTime.median),
    byteText(client.read),
    byteText(client.written),
  ]);
  return [
    ...table(
      ["client", "address", "users", "conn", "operations", "at once", "think", "read", "written"],
      rows,
    ),
    ...more(clientCount - rows.length, "client"),
  ];
}

function commandTable({ commandTimes, exchanges, timing }: Inspection): string[] {
  if (exchanges === 0) return [];
  const lost = commandTimes.some(({ unanswered }) => unanswered > 0);
  const timed = timing !== "order";
  return table(
    [
      "command",
      "count",
      "errors",
      ...lost ? ["no answer"] : [],
      ...timed ? ["median", "p95", "max"] : [],
    ],
    commandTimes.map(({ command, count, errors, unanswered, time: times }) => [
      command,
      String(count),
      String(errors),
      ...lost ? [String(unanswered)] : [],
      ...timed ? timesOf(times) : [],
    ]),
  );
}

function timesOf(times: Times | null): string[] {
  return times === null ? ["-", "-", "-"] : [times.median, times.p95, times.max].map(time);
}

function statusTable({ statuses }: Inspection): string[] {
  if (statuses.length === 0) return [];
  const rows = statuses.slice(0, MAX_ROWS).map(({ status, command, count, frame }) => [
    status,
    command,
    String(count),
    `#${frame}`,
  ]);
  return [
    ...table(["status", "command", "count", "first"], rows),
    ...more(statuses.length - rows.length, "kind"),
  ];
}

function slowTable({ slowest, timing }: Inspection, width: number): string[] {
  if (slowest.length === 0 || timing === "order") return [];
  return table(
    ["slowest", "client", "frame", "time", ""],
    slowest.map(({ command, client, frame, seconds, share, path, pending }) => [
      path === null ? command : `${command} ${pathText({ share, path }, width - SLOW_COLUMNS)}`,
      printable(client),
      `#${frame}`,
      time(seconds),
      pending ? "pending" : "",
    ]),
  );
}

function fileTable({ files }: Inspection, width: number): string[] {
  const { byOperations, byBytes, count, exact } = files;
  const shown = [...new Map(
    [...byOperations, ...byBytes.slice(0, MAX_NAMES)].map((file) => [
      `${file.share}\\${file.path}`.toLowerCase(),
      file,
    ]),
  ).values()];
  if (shown.length === 0) return [];
  const rows = shown.map((file) => [
    pathText(file, width - FILE_COLUMNS),
    String(file.operations),
    String(file.opens),
    String(file.failed),
    byteText(file.read),
    byteText(file.written),
    String(file.clients.length),
  ]);
  return [
    ...table(["file", "ops", "opens", "errors", "read", "written", "clients"], rows),
    ...more(count - rows.length, "file", exact ? "" : "about "),
  ];
}

function pathText(
  { share, path }: { readonly share: string | null; readonly path: string },
  width: number,
): string {
  const text = printable(path === "" ? `${share ?? ""}\\` : `${share ?? ""}\\${path}`);
  const most = Math.max(width, MIN_PATH);
  return text.length <= most ? text : `...${text.slice(3 - most)}`;
}

function noteSection({ notes }: Inspection): string[] {
  return notes.length === 0 ? [] : ["Not read", ...noteLines(notes)];
}

function more(count: number, noun: string, about = ""): string[] {
  return count > 0 ? [`  and ${about}${plural(count, `more ${noun}`)}`] : [];
}

function names(shown: readonly string[], count: number): string {
  const rest = count - shown.length;
  return printable([...shown, ...rest > 0 ? [`${rest} more`] : []].join(", "));
}

/** `RWH 3, RH 1`. */
function counts(record: Readonly<Record<string, number>>, limit = MAX_NAMES): string {
  const entries = Object.entries(record);
  return names(entries.slice(0, limit).map(([name, count]) => `${name} ${count}`), entries.length);
}

function spread({ count, min, median, p95, max }: Times): string {
  if (count === 1) return time(max);
  return `min ${time(min)}, median ${time(median)}, p95 ${time(p95)}, max ${time(max)}`;
}

function time(seconds: number): string {
  return durationText(1000 * seconds);
}
