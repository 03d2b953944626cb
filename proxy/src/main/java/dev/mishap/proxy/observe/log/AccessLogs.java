package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads {@code access_log} lists into one {@link AccessLog}. */
public final class AccessLogs {
    private static final String FILE = "envoy.extensions.access_loggers.file.v3.FileAccessLog";
    private static final String STDOUT = "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";
    private static final String STDERR = "envoy.extensions.access_loggers.stream.v3.StderrAccessLog";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.accesslog.v3.AccessLog").supported("name", "filter", "typed_config"),
            SupportedFields.of(FILE).supported("path", "format", "json_format", "typed_json_format", "log_format"),
            SupportedFields.of(STDOUT).supported("log_format"),
            SupportedFields.of(STDERR).supported("log_format"));

    private AccessLogs() {}

    /**
     * One log for all of a list; {@link AccessLog#NONE} for an empty one.
     *
     * @param nodes the elements of a {@code repeated envoy.config.accesslog.v3.AccessLog}
     * @param files the process's log files
     * @param runtime the runtime values of now, for filters
     */
    public static AccessLog from(List<ConfigNode> nodes, LogFiles files, Supplier<RuntimeSnapshot> runtime) {
        List<AccessLog> logs = new ArrayList<>();
        for (ConfigNode node : nodes) {
            logs.add(one(node, files, runtime));
        }
        if (logs.isEmpty()) {
            return AccessLog.NONE;
        }
        if (logs.size() == 1) {
            return logs.get(0);
        }
        AccessLog[] all = logs.toArray(AccessLog[]::new);
        return (info, request, response, trailers) -> {
            for (AccessLog log : all) {
                log.log(info, request, response, trailers);
            }
        };
    }

    /** A log to a file in the default format. */
    public static AccessLog file(String path, LogFiles files) {
        return to(files.open(path), LogFormat.text(SubstitutionFormatter.DEFAULT), null);
    }

    private static AccessLog one(ConfigNode node, LogFiles files, Supplier<RuntimeSnapshot> runtime) {
        ConfigNode filterNode = node.message("filter");
        @Nullable AccessLogFilter filter = filterNode == null ? null : AccessLogFilter.from(filterNode, runtime);
        ConfigNode config = node.message("typed_config");
        if (config == null) {
            throw new ConfigException(
                    "Didn't find a registered implementation for '" + node.string("name") + "' with type URL: ''");
        }
        AccessLog remote = files.remote().make(config);
        if (remote != null) {
            return filtered(remote, filter);
        }
        LogFormat format = format(config);
        LogFile file = switch (config.messageName()) {
            case FILE -> files.open(config.string("path"));
            case STDOUT -> files.standardOutput();
            case STDERR -> files.standardError();
            default ->
                throw new ConfigException("Didn't find a registered implementation for '" + node.string("name")
                        + "' with type URL: '" + config.messageName() + "'");
        };
        return to(file, format, filter);
    }

    private static AccessLog filtered(AccessLog log, @Nullable AccessLogFilter filter) {
        if (filter == null) {
            return log;
        }
        return (info, request, response, trailers) -> {
            if (filter.logs(LogContext.of(info, request, response, trailers))) {
                log.log(info, request, response, trailers);
            }
        };
    }

    private static AccessLog to(LogFile file, LogFormat format, @Nullable AccessLogFilter filter) {
        return (info, request, response, trailers) -> {
            LogContext context = LogContext.of(info, request, response, trailers);
            if (filter == null || filter.logs(context)) {
                LogBuffer line = LogBuffer.ofThread();
                format.append(context, line);
                file.write(line.array(), line.size());
            }
        };
    }

    private static LogFormat format(ConfigNode config) {
        String kind = config.oneof("access_log_format");
        if (kind == null) {
            return LogFormat.text(SubstitutionFormatter.DEFAULT);
        }
        switch (kind) {
            case "log_format":
                return LogFormat.from(config.required("log_format"));
            case "format":
                String text = config.string("format");
                return LogFormat.text(
                        text.isEmpty() ? SubstitutionFormatter.DEFAULT : SubstitutionFormatter.compile(text));
            default: // json_format and typed_json_format, which Envoy has made the same
                Object template = config.struct(kind);
                return LogFormat.json(template instanceof Map<?, ?> map ? map : Map.of(), false);
        }
    }
}
