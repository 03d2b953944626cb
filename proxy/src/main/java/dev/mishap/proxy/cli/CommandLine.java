package dev.mishap.proxy.cli;

import dev.mishap.proxy.log.Logging;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.SafetyOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the arguments. What is wrong with them is a {@link UsageException} in Envoy's words. */
final class CommandLine {
    private static final int DEFAULT_DRAIN_SECONDS = 600;
    private static final int DEFAULT_PARENT_SHUTDOWN_SECONDS = 900;
    private static final int DEFAULT_FLUSH_MILLIS = 10_000;
    private static final int DEFAULT_FLUSH_KB = 64;

    private final Map<String, String> values = new HashMap<>();
    private final List<String> statsTags = new ArrayList<>();

    private CommandLine() {}

    /** A command line that can't be run. {@code usage} tells whether the list of flags goes with the message. */
    static final class UsageException extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final String argument;

        UsageException(String argument, String message) {
            super(message, null, false, false);
            this.argument = argument;
        }

        /** The argument that a parse error is about, or {@code ""} when the value is wrong rather than the syntax. */
        String argument() {
            return argument;
        }
    }

    static CommandLine parse(String... arguments) {
        CommandLine line = new CommandLine();
        for (int i = 0; i < arguments.length; i++) {
            Flag flag = Flags.of(arguments[i]);
            if (flag == null) {
                throw new UsageException(arguments[i], "Couldn't find match for argument");
            }
            if (flag.name().equals("ignore_rest")) {
                break;
            }
            String value = "";
            if (flag.value() != Flag.Value.NONE) {
                if (++i == arguments.length) {
                    throw new UsageException(flag.inMessages(), "Missing a value for this argument!");
                }
                value = arguments[i];
            }
            line.set(flag, value);
        }
        return line;
    }

    private void set(Flag flag, String value) {
        if (flag.effect() == Flag.Effect.REFUSED) {
            throw new UsageException("", "--" + flag.name() + " is not supported: " + flag.description());
        }
        if (flag.value() == Flag.Value.TEXTS) {
            statsTags.add(value);
            return;
        }
        if (flag.value() == Flag.Value.NUMBER && number(value) < 0) {
            throw new UsageException(flag.inMessages(), "Couldn't read argument value from string '" + value + "'");
        }
        if (values.put(flag.name(), value) != null) {
            throw new UsageException(flag.inMessages(), "Argument already set!");
        }
    }

    /** An unsigned 32-bit number, or -1. */
    private static long number(String text) {
        if (text.isEmpty() || text.length() > 10) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            value = value * 10 + (c - '0');
        }
        return value <= 0xffffffffL ? value : -1;
    }

    boolean has(String flag) {
        return values.containsKey(flag);
    }

    private String text(String flag) {
        return text(flag, "");
    }

    private String text(String flag, String absent) {
        String value = values.get(flag);
        return value == null ? absent : value;
    }

    private long number(String flag, long absent) {
        String value = values.get(flag);
        return value == null ? absent : number(value);
    }

    String baseIdPath() {
        return text("base-id-path");
    }

    /** Checks the values and makes the options of them. */
    Options options() {
        String mode = choice("mode", "serve", "unknown mode", "serve", "validate");
        String strategy = choice("drain-strategy", "gradual", "unknown drain-strategy", "gradual", "immediate");
        String ipVersion = choice("local-address-ip-version", "v4", "unknown IP address version", "v4", "v6");
        long epoch = number("restart-epoch", 0);
        if (epoch != 0 && has("use-dynamic-base-id")) {
            throw new UsageException("", "cannot use --restart-epoch=" + epoch + " with --use-dynamic-base-id");
        }
        if (epoch != 0 && !has("disable-hot-restart") && !has("skip-hot-restart-on-no-parent")) {
            throw new UsageException(
                    "",
                    "--restart-epoch " + epoch
                            + " is not supported: there is no hot restart (add --skip-hot-restart-on-no-parent for an ordinary start)");
        }
        int processors = Runtime.getRuntime().availableProcessors();
        return new Options(
                text("config-path"),
                text("config-yaml"),
                has("allow-unknown-static-fields") || has("allow-unknown-fields"),
                has("reject-unknown-dynamic-fields"),
                has("ignore-unknown-dynamic-fields"),
                text("service-node"),
                text("service-cluster"),
                text("service-zone"),
                (int) Math.min(Math.max(1, number("concurrency", processors)), Options.MAX_CONCURRENCY),
                mode.equals("validate"),
                number("drain-time-s", DEFAULT_DRAIN_SECONDS),
                strategy.equals("immediate"),
                number("file-flush-interval-msec", DEFAULT_FLUSH_MILLIS),
                number("file-flush-min-size-kb", DEFAULT_FLUSH_KB),
                tags(),
                text("admin-address-path"),
                number("base-id", 0),
                epoch,
                ipVersion,
                number("parent-shutdown-time-s", DEFAULT_PARENT_SHUTDOWN_SECONDS),
                log(),
                has("skip-deprecated-logs"),
                safety());
    }

    private SafetyOptions safety() {
        try {
            return SafetyOptions.of(
                    text("mishap-kill-file"), text("mishap-protect"), has("mishap-dry-run"), System::getenv);
        } catch (IllegalArgumentException e) {
            throw new UsageException("", String.valueOf(e.getMessage()));
        }
    }

    private Options.LogOptions log() {
        String level = level(text("log-level", "info"));
        Map<String, String> components = new LinkedHashMap<>();
        String list = text("component-log-level");
        int from = 0;
        while (from < list.length()) {
            int comma = list.indexOf(',', from);
            String item = list.substring(from, comma < 0 ? list.length() : comma);
            int colon = item.indexOf(':');
            if (colon <= 0 || colon == item.length() - 1 || item.indexOf(':', colon + 1) >= 0) {
                throw new UsageException("", "component log level not correctly specified '" + item + "'");
            }
            String componentLevel = level(item.substring(colon + 1));
            String component = item.substring(0, colon);
            if (!Logging.isComponent(component)) {
                throw new UsageException("", "invalid component specified '" + component + "'");
            }
            components.put(component, componentLevel);
            from = comma < 0 ? list.length() : comma + 1;
        }
        return new Options.LogOptions(
                level,
                components,
                text("log-format", Options.LogOptions.DEFAULT_FORMAT),
                has("log-format-escaped"),
                text("log-path"));
    }

    private static String level(String name) {
        if (!Logging.isLevel(name)) {
            throw new UsageException("", "invalid log level specified '" + name + "'");
        }
        return name.equals("warn") ? "warning" : name;
    }

    private String choice(String flag, String absent, String complaint, String... allowed) {
        String value = text(flag, absent);
        for (String a : allowed) {
            if (a.equals(value)) {
                return value;
            }
        }
        throw new UsageException("", complaint + " '" + value + "'");
    }

    private Map<String, String> tags() {
        Map<String, String> tags = new LinkedHashMap<>();
        for (String tag : statsTags) {
            int colon = tag.indexOf(':');
            if (colon < 0) {
                throw new UsageException("", "misformatted stats-tag '" + tag + "'");
            }
            String name = tag.substring(0, colon);
            String value = tag.substring(colon + 1);
            @Nullable String bad = !isTagName(name) ? name : value.isEmpty() || value.indexOf('.') >= 0 ? value : null;
            if (bad != null) {
                throw new UsageException(
                        "", "misformatted stats-tag '" + tag + "' contains invalid char in '" + bad + "'");
            }
            if (tags.put(name, value) != null) {
                throw new UsageException("", "stats-tag '" + name + "' is given twice");
            }
        }
        return tags;
    }

    private static boolean isTagName(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')) {
                return false;
            }
        }
        return !text.isEmpty();
    }
}
