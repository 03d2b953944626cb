package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.observe.log.FormatParser.Command;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Operators that look up metadata by namespace and keys, {@code ns:key:key}; a string value is written bare, others as JSON. */
final class MetadataFields extends Field {
    private final Function<StreamInfo, @Nullable Map<String, Map<String, Object>>> source;
    private final String namespace;
    private final List<String> keys;
    private final int maxLength;

    private MetadataFields(
            Function<StreamInfo, @Nullable Map<String, Map<String, Object>>> source, String path, int maxLength) {
        this.source = source;
        List<String> names = List.of(path.split(":", -1));
        this.namespace = names.get(0);
        this.keys = names.subList(1, names.size());
        this.maxLength = maxLength;
    }

    static Field create(Command command) {
        String path = command.parameters();
        String kind = command.name();
        if (kind.equals("METADATA")) {
            int colon = path.indexOf(':');
            kind = colon < 0 ? path : path.substring(0, colon);
            path = colon < 0 ? "" : path.substring(colon + 1);
        } else if (path.isEmpty()) {
            throw new ConfigException(kind + " requires parameters");
        }
        Function<StreamInfo, @Nullable Map<String, Map<String, Object>>> source = switch (kind) {
            case "DYNAMIC_METADATA", "DYNAMIC" -> StreamInfo::allDynamicMetadata;
            case "CLUSTER_METADATA", "CLUSTER" -> i -> i.clusterMetadata;
            case "UPSTREAM_METADATA", "UPSTREAM_HOST" -> i -> i.upstreamHostMetadata;
            case "ROUTE" -> i -> i.routeMetadata;
            case "VIRTUAL_HOST" -> i -> i.virtualHostMetadata;
            case "LISTENER" -> i -> i.listenerMetadata;
            case "LISTENER_FILTER_CHAIN" -> i -> i.connection == null ? null : i.connection.filterChainMetadata;
            default -> throw new ConfigException(kind + " is not supported type of metadata");
        };
        return new MetadataFields(source, path, command.maxLength());
    }

    /** {@code key[:PLAIN|TYPED|FIELD:name]}: what filters left. */
    static Field filterState(Command command) {
        String[] parts = command.parameters().split(":", -1);
        if (parts[0].isEmpty()) {
            throw new ConfigException("Invalid filter state configuration, key cannot be empty.");
        }
        String form = parts.length > 1 ? parts[1] : "TYPED";
        if (!List.of("PLAIN", "TYPED", "FIELD").contains(form)) {
            throw new ConfigException("Invalid filter state serialize type, only support PLAIN/TYPED/FIELD.");
        }
        return new FilterStateField(parts[0], form, command.maxLength());
    }

    /** The value under the keys, null when there is none. */
    private @Nullable Object find(LogContext context) {
        Map<String, Map<String, Object>> all = source.apply(context.info());
        Object value = all == null ? null : all.get(namespace);
        for (String key : keys) {
            value = value instanceof Map<?, ?> map ? map.get(key) : null;
        }
        return value;
    }

    @Override
    boolean append(LogContext context, LogBuffer out) {
        Object value = find(context);
        if (value == null) {
            return false;
        }
        int start = out.size();
        out.utf8(value instanceof String s ? s : JsonWriter.compact(sorted(value)));
        if (maxLength >= 0) {
            out.truncate(Math.min(out.size(), start + maxLength));
        }
        return true;
    }

    @Override
    boolean appendJson(LogContext context, LogBuffer out) {
        Object value = find(context);
        if (value == null || keys.isEmpty() && value instanceof Map<?, ?> m && m.isEmpty()) {
            return false;
        }
        if (value instanceof String s) {
            out.append('"');
            int start = out.size();
            out.utf8(s);
            if (maxLength >= 0) {
                out.truncate(Math.min(out.size(), start + maxLength));
            }
            out.escapeJson(start);
            out.append('"');
        } else {
            out.utf8(JsonWriter.compact(sorted(value)));
        }
        return true;
    }

    /** The same value with the members of each object in order of their names, so that equal values give equal text. */
    static @Nullable Object sorted(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> out = new TreeMap<>();
            map.forEach((k, v) -> out.put(String.valueOf(k), sorted(v)));
            return out;
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> out = new ArrayList<>();
            list.forEach(v -> out.add(sorted(v)));
            return out;
        }
        return value;
    }
}
