package dev.mishap.proxy.cli;

import static dev.mishap.proxy.cli.Flag.Effect.ACCEPTED;
import static dev.mishap.proxy.cli.Flag.Effect.HONOURED;
import static dev.mishap.proxy.cli.Flag.Effect.REFUSED;
import static dev.mishap.proxy.cli.Flag.Value.NONE;
import static dev.mishap.proxy.cli.Flag.Value.NUMBER;
import static dev.mishap.proxy.cli.Flag.Value.TEXT;
import static dev.mishap.proxy.cli.Flag.Value.TEXTS;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Flags of our own, and every flag of Envoy's command line in the order in which Envoy's usage lists them. */
final class Flags {
    private static final String NO_HOT_RESTART = "There is no hot restart: a new process starts on its own.";

    static final List<Flag> ALL = List.of(
            new Flag(
                    "mishap-kill-file",
                    '\0',
                    TEXT,
                    HONOURED,
                    "While this file exists all faults are off; off: none is watched. Else MISHAP_KILL_FILE, else /run/mishap/kill if that directory exists at the start."),
            new Flag(
                    "mishap-protect",
                    '\0',
                    TEXT,
                    HONOURED,
                    "What rules leave alone unless they name it, besides health checks and metrics: path=/ready,path=/internal/*,agent=PREFIX,port=15021,name=.internal; none first: nothing else. Else MISHAP_PROTECT."),
            new Flag(
                    "mishap-dry-run",
                    '\0',
                    NONE,
                    HONOURED,
                    "Rules decide and count, and do nothing. Also MISHAP_DRY_RUN=true."),
            new Flag(
                    "stats-tag",
                    '\0',
                    TEXTS,
                    HONOURED,
                    "A tag, name:value, on every stat. Names are alphanumeric, values are anything without a dot."),
            new Flag(
                    "enable-core-dump",
                    '\0',
                    NONE,
                    ACCEPTED,
                    "Core dumps of a JVM are the operating system's setting."),
            new Flag("socket-mode", '\0', TEXT, ACCEPTED, NO_HOT_RESTART),
            new Flag("socket-path", '\0', TEXT, ACCEPTED, NO_HOT_RESTART),
            new Flag("disable-extensions", '\0', TEXT, REFUSED, "Extensions can't be switched off."),
            new Flag(
                    "cpuset-threads",
                    '\0',
                    NONE,
                    ACCEPTED,
                    "The number of workers follows the cpuset and the CPU quota anyway."),
            new Flag("enable-mutex-tracing", '\0', NONE, ACCEPTED, "There is no mutex on the data path to trace."),
            new Flag("disable-hot-restart", '\0', NONE, ACCEPTED, NO_HOT_RESTART),
            new Flag("mode", '\0', TEXT, HONOURED, "serve (default) or validate: check the configuration and exit."),
            new Flag("parent-shutdown-time-s", '\0', NUMBER, ACCEPTED, NO_HOT_RESTART),
            new Flag(
                    "drain-strategy",
                    '\0',
                    TEXT,
                    HONOURED,
                    "gradual (default) or immediate: how connections are told to go while a listener drains."),
            new Flag("drain-time-s", '\0', NUMBER, HONOURED, "How long a listener drains, in seconds. Default 600."),
            new Flag(
                    "file-flush-min-size-kb",
                    '\0',
                    NUMBER,
                    HONOURED,
                    "An access-log buffer of this many KiB is written at once. Default 64."),
            new Flag(
                    "file-flush-interval-msec",
                    '\0',
                    NUMBER,
                    HONOURED,
                    "Access-log buffers are written at least this often, in milliseconds. Default 10000."),
            new Flag(
                    "service-zone",
                    '\0',
                    TEXT,
                    HONOURED,
                    "The zone of this node; takes the place of node.locality.zone."),
            new Flag("service-node", '\0', TEXT, HONOURED, "The name of this node; takes the place of node.id."),
            new Flag(
                    "service-cluster",
                    '\0',
                    TEXT,
                    HONOURED,
                    "The cluster of this node; takes the place of node.cluster."),
            new Flag("hot-restart-version", '\0', NONE, HONOURED, "Prints \"disabled\" and exits."),
            new Flag(
                    "restart-epoch",
                    '\0',
                    NUMBER,
                    HONOURED,
                    "Shown in /server_info. Other than 0 needs --disable-hot-restart or --skip-hot-restart-on-no-parent, since there is no parent to take over from."),
            new Flag("log-path", '\0', TEXT, HONOURED, "A file to log to instead of stderr."),
            new Flag(
                    "enable-fine-grain-logging",
                    '\0',
                    NONE,
                    REFUSED,
                    "Log levels are per component, not per source file."),
            new Flag(
                    "log-format-escaped",
                    '\0',
                    NONE,
                    HONOURED,
                    "Control characters in messages are written as C escapes."),
            new Flag(
                    "log-format",
                    '\0',
                    TEXT,
                    HONOURED,
                    "The pattern of log lines, in spdlog's syntax. Default [%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v"),
            new Flag(
                    "component-log-level",
                    '\0',
                    TEXT,
                    HONOURED,
                    "Levels of single components, for example upstream:debug,config:trace."),
            new Flag(
                    "log-level",
                    'l',
                    TEXT,
                    HONOURED,
                    "trace, debug, info (default), warning or warn, error, critical, off."),
            new Flag(
                    "local-address-ip-version",
                    '\0',
                    TEXT,
                    ACCEPTED,
                    "v4 (default) or v6. Nothing here depends on it; /server_info shows it."),
            new Flag("admin-address-path", '\0', TEXT, HONOURED, "A file to write the admin server's address to."),
            new Flag("log-stacktrace-single-entry", '\0', NONE, ACCEPTED, "A stack trace is always one log entry."),
            new Flag("skip-deprecated-logs", '\0', NONE, HONOURED, "No warnings about deprecated fields."),
            new Flag(
                    "ignore-unknown-dynamic-fields",
                    '\0',
                    NONE,
                    HONOURED,
                    "Unknown fields of discovered resources are neither counted nor warned about."),
            new Flag(
                    "reject-unknown-dynamic-fields",
                    '\0',
                    NONE,
                    HONOURED,
                    "Resources with fields that the schema does not have are refused."),
            new Flag(
                    "allow-unknown-static-fields",
                    '\0',
                    NONE,
                    HONOURED,
                    "Fields that the configuration's schema does not have are a warning, not an error. Fields that it has and that are not supported stay errors."),
            new Flag("allow-unknown-fields", '\0', NONE, HONOURED, "The old name of --allow-unknown-static-fields."),
            new Flag("config-yaml", '\0', TEXT, HONOURED, "Configuration in YAML, merged over that of --config-path."),
            new Flag(
                    "config-path",
                    'c',
                    TEXT,
                    HONOURED,
                    "The configuration file: .yaml, .yml, .pb, .pb_text; any other name is read as JSON."),
            new Flag(
                    "concurrency",
                    '\0',
                    NUMBER,
                    HONOURED,
                    "How many workers. Default: one for each processor the process may use."),
            new Flag("base-id-path", '\0', TEXT, HONOURED, "A file to write the base ID to."),
            new Flag("skip-hot-restart-parent-stats", '\0', NONE, ACCEPTED, NO_HOT_RESTART),
            new Flag(
                    "skip-hot-restart-on-no-parent",
                    '\0',
                    NONE,
                    ACCEPTED,
                    "There is never a parent, so every start is an ordinary one."),
            new Flag(
                    "use-dynamic-base-id",
                    '\0',
                    NONE,
                    ACCEPTED,
                    "Processes share nothing that a base ID would keep apart."),
            new Flag(
                    "base-id",
                    '\0',
                    NUMBER,
                    ACCEPTED,
                    "Processes share nothing that a base ID would keep apart; /server_info shows it."),
            new Flag("ignore_rest", '-', NONE, HONOURED, "What follows is not read."),
            new Flag("version", '\0', NONE, HONOURED, "Prints the version and exits."),
            new Flag("help", 'h', NONE, HONOURED, "Prints this and exits."));

    private Flags() {}

    /** The flag that {@code argument} is, as {@code --name} or {@code -x}, or null. */
    static @Nullable Flag of(String argument) {
        for (Flag flag : ALL) {
            if (argument.startsWith("--")
                            && argument.length() == flag.name().length() + 2
                            && argument.endsWith(flag.name())
                    || flag.letter() != 0
                            && argument.length() == 2
                            && argument.charAt(0) == '-'
                            && argument.charAt(1) == flag.letter()) {
                return flag;
            }
        }
        return null;
    }
}
