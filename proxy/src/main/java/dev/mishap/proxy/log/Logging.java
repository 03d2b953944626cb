package dev.mishap.proxy.log;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where log lines go, in which form, and the levels of the components. SLF4J's loggers are static, so this state is too; it
 * is set once from the flags and then by {@code POST /logging}. Any thread.
 */
public final class Logging {
    /** Envoy's loggers, in the order in which it lists them, and our own last. */
    private static final String NAMES =
            "a2a admin ai_protocol_manager alternate_protocols_cache aws assert backtrace basic_auth"
                    + " cache_filter client config connection conn_handler compression credential_injector decompression dns dubbo"
                    + " envoy_bug ext_authz ext_proc rocketmq file filter forward_proxy geolocation grpc happy_eyeballs hc health_checker"
                    + " http http2 hystrix init io jwt json_rpc kafka key_value_store lua local_rate_limit main matcher mcp misc mongo"
                    + " multi_connection notification oauth2 quic quic_stream pool rate_limit_quota rbac rds redis router runtime stats"
                    + " secret sse tap testing thrift tracing upstream udp wasm websocket golang stats_sinks dynamic_modules ip_tagging"
                    + " mishap";

    /** Which component a class logs for, by what its name begins with; the first that fits. */
    private static final String[][] PREFIXES = {
        {"dev.mishap.proxy.admin", "admin"},
        {"dev.mishap.proxy.cluster", "upstream"},
        {"dev.mishap.proxy.upstream", "pool"},
        {"dev.mishap.proxy.dns", "dns"},
        {"dev.mishap.proxy.http", "http"},
        {"dev.mishap.proxy.filter.http.router", "router"},
        {"dev.mishap.proxy.filter", "filter"},
        {"dev.mishap.proxy.listener", "conn_handler"},
        {"dev.mishap.proxy.transport", "connection"},
        {"dev.mishap.proxy.observe.stats", "stats"},
        {"dev.mishap.proxy.observe", "file"},
        {"dev.mishap.proxy.runtime", "runtime"},
        {"dev.mishap.proxy.route", "router"},
        {"dev.mishap.proxy.config", "config"},
        {"dev.mishap.proxy.rules", "mishap"},
        {"dev.mishap.rules", "mishap"},
        {"dev.mishap", "main"},
        {"io.netty", "io"}
    };

    private static final Map<String, Component> COMPONENTS = new LinkedHashMap<>();
    private static final Object WRITING = new Object();

    private static volatile LogPattern pattern = LogPattern.of(LogPattern.DEFAULT, false);
    private static OutputStream out = new FileOutputStream(FileDescriptor.err); // guarded by WRITING
    private static @Nullable Path path; // guarded by WRITING

    static {
        for (String name : NAMES.split(" ")) {
            COMPONENTS.put(name, new Component(name));
        }
    }

    private Logging() {}

    /** A part of the process that has a log level of its own. */
    static final class Component {
        final String name;
        private volatile LogLevel level = LogLevel.INFO;

        Component(String name) {
            this.name = name;
        }

        LogLevel level() {
            return level;
        }
    }

    /**
     * Takes over the flags.
     *
     * @param level of all components
     * @param componentLevels of single components
     * @param format in spdlog's syntax
     * @param escape whether control characters of messages are written as C escapes
     * @param file a file to write to, {@code ""} = stderr
     * @throws IOException if the file can't be opened
     */
    public static void configure(
            String level, Map<String, String> componentLevels, String format, boolean escape, String file)
            throws IOException {
        setAll(level);
        componentLevels.forEach(Logging::set);
        pattern = LogPattern.of(format, escape);
        if (!file.isEmpty()) {
            synchronized (WRITING) {
                path = Path.of(file);
                out = open(path);
            }
        }
    }

    /**
     * Sets the form of lines.
     *
     * @param format in spdlog's syntax
     */
    public static void format(String format, boolean escape) {
        pattern = LogPattern.of(format, escape);
    }

    private static OutputStream open(Path file) throws IOException {
        return Files.newOutputStream(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
    }

    /** Opens {@code --log-path} anew, after it was moved away. */
    public static void reopen() {
        synchronized (WRITING) {
            Path file = path;
            if (file == null) {
                return;
            }
            OutputStream before = out;
            try {
                out = open(file);
                before.close();
            } catch (IOException e) {
                out = before; // better an old file than no log
            }
        }
    }

    /** Level names by component, in Envoy's order. */
    public static Map<String, String> levels() {
        Map<String, String> levels = new LinkedHashMap<>();
        COMPONENTS.forEach((name, component) -> levels.put(name, component.level.text));
        return levels;
    }

    public static boolean isLevel(String name) {
        return LogLevel.named(name) != null;
    }

    public static boolean isComponent(String name) {
        return COMPONENTS.containsKey(name);
    }

    /** Sets the level of one component; an unknown component or level changes nothing. */
    public static void set(String component, String level) {
        Component c = COMPONENTS.get(component);
        LogLevel l = LogLevel.named(level);
        if (c != null && l != null) {
            c.level = l;
        }
    }

    /** Sets the level of all components. */
    public static void setAll(String level) {
        LogLevel l = LogLevel.named(level);
        if (l != null) {
            COMPONENTS.values().forEach(c -> c.level = l);
        }
    }

    static Component componentOf(String loggerName) {
        Component exact = COMPONENTS.get(loggerName);
        if (exact != null) {
            return exact;
        }
        String name = "misc";
        for (String[] prefix : PREFIXES) {
            if (loggerName.startsWith(prefix[0])) {
                name = prefix[1];
                break;
            }
        }
        return COMPONENTS.computeIfAbsent(name, Component::new);
    }

    /** Logs at {@code critical}, a level that SLF4J does not have: what ends the process. */
    public static void critical(String component, String message) {
        Component c = componentOf(component);
        if (c.level().compareTo(LogLevel.CRITICAL) <= 0) {
            write(c, LogLevel.CRITICAL, message, null);
        }
    }

    static void write(Component component, LogLevel level, String message, @Nullable Throwable throwable) {
        String text = message;
        if (throwable != null) {
            StringWriter trace = new StringWriter();
            throwable.printStackTrace(new PrintWriter(trace, true));
            text = message + "\n" + trace.toString().stripTrailing();
        }
        StringBuilder line = new StringBuilder(128 + text.length());
        pattern.append(Instant.now(), level, component.name, text, line);
        byte[] bytes = line.append('\n').toString().getBytes(StandardCharsets.UTF_8);
        synchronized (WRITING) {
            try {
                out.write(bytes);
            } catch (IOException e) {
                // a log that can't be written must not stop what logs; there is nowhere to tell
                return;
            }
        }
    }
}
