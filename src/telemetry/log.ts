/**
 * Structured log lines on standard error, one JSON object or one readable line each.
 * Logging is for events (a listener opened, an endpoint left), not for requests: those go to
 * metrics. Only at the level debug one that failed has its line.
 */

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'off'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Values that a log line may carry beside its message. Never put a secret here. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  /** Whether debug lines are written. On the path of requests ask first, so that nothing is made for a line that is not. */
  readonly debugging: boolean;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose lines also carry `fields`; it shares this one's level. */
  with(fields: LogFields): Logger;
}

/** The level of all loggers of one root; the admin interface changes it while running. */
export interface LogControl {
  level: LogLevel;
}

export type LogFormat = 'text' | 'json';

export interface LogOptions {
  control: LogControl;
  format: LogFormat;
  /** Takes one finished line with its line end. Default: standard error. */
  write?: (line: string) => void;
  /** Milliseconds since 1970. Default: the system's. */
  wall?: () => number;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, off: 4 };

export function createLogger(options: LogOptions, base: LogFields = {}): Logger {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const wall = options.wall ?? Date.now;
  const emit = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
    if (RANK[level] < RANK[options.control.level]) return;
    const time = new Date(wall()).toISOString();
    const all = fields === undefined ? base : { ...base, ...fields };
    write(options.format === 'json' ? jsonLine(time, level, message, all) : textLine(time, level, message, all));
  };
  return {
    get debugging() {
      return options.control.level === 'debug';
    },
    debug: (message, fields) => emit('debug', message, fields),
    info: (message, fields) => emit('info', message, fields),
    warn: (message, fields) => emit('warn', message, fields),
    error: (message, fields) => emit('error', message, fields),
    with: (fields) => createLogger(options, { ...base, ...fields }),
  };
}

/** A logger that says nothing. */
export const silentLogger: Logger = createLogger({ control: { level: 'off' }, format: 'text', write: () => {} });

function jsonLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  return `${JSON.stringify({ time, level, message, ...fields })}\n`;
}

function textLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  let line = `${time} ${level.padEnd(5)} ${oneLine(message)}`;
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const text = String(value);
    line += ` ${key}=${PLAIN.test(text) ? text : quoted(text)}`;
  }
  return `${line}\n`;
}

/** A message never spans lines nor steers a terminal: what came from a peer cannot forge a line of its own. */
function oneLine(message: string): string {
  return message.replace(/\p{Cc}+/gu, ' ');
}

const PLAIN = /^[^\s\p{Cc}"=]+$/u;

function quoted(text: string): string {
  // JSON leaves the C1 controls and DEL as they are, and terminals heed them.
  return JSON.stringify(text).replace(/\p{Cc}/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
