package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.SpanTag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.json.JsonWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Reads {@code envoy.type.tracing.v3.CustomTag}: tags that a configuration adds to spans and to gRPC access logs. */
public final class CustomTags {
    private static final String TAG = "envoy.type.tracing.v3.CustomTag";
    private static final String KIND = "envoy.type.metadata.v3.MetadataKind";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(TAG).supported("tag", "literal", "environment", "request_header", "metadata"),
            SupportedFields.of(TAG + ".Literal").supported("value"),
            SupportedFields.of(TAG + ".Environment").supported("name", "default_value"),
            SupportedFields.of(TAG + ".Header").supported("name", "default_value"),
            SupportedFields.of(TAG + ".Metadata").supported("kind", "metadata_key", "default_value"),
            SupportedFields.of("envoy.type.metadata.v3.MetadataKey").supported("key", "path"),
            SupportedFields.of("envoy.type.metadata.v3.MetadataKey.PathSegment").supported("key"),
            SupportedFields.of(KIND).supported("request", "route", "cluster", "host"),
            SupportedFields.of(KIND + ".Request"),
            SupportedFields.of(KIND + ".Route"),
            SupportedFields.of(KIND + ".Cluster"),
            SupportedFields.of(KIND + ".Host"));

    private CustomTags() {}

    /** The tags in order. */
    public static List<SpanTag> from(List<ConfigNode> nodes) {
        List<SpanTag> tags = new ArrayList<>();
        for (ConfigNode node : nodes) {
            tags.add(one(node));
        }
        return List.copyOf(tags);
    }

    private record Tag(String name, BiFunction<StreamInfo, HeaderMap, @Nullable String> source) implements SpanTag {
        @Override
        public @Nullable String value(StreamInfo info, HeaderMap request) {
            return source.apply(info, request);
        }
    }

    private static SpanTag one(ConfigNode node) {
        String name = node.string("tag");
        String kind = node.oneof("type");
        ConfigNode inner = node.required(kind == null ? "literal" : kind);
        String byDefault = kind == null || kind.equals("literal") ? "" : inner.string("default_value");
        @Nullable String orElse = byDefault.isEmpty() ? null : byDefault;
        return switch (kind == null ? "" : kind) {
            case "environment" -> {
                String value = System.getenv(inner.string("name"));
                yield new Tag(name, (info, request) -> value == null ? orElse : value);
            }
            case "request_header" -> {
                HeaderName header = HeaderName.of(inner.string("name"));
                yield new Tag(name, (info, request) -> {
                    String value = request.get(header);
                    return value == null ? orElse : value;
                });
            }
            case "metadata" -> metadata(name, inner, orElse);
            default -> {
                String value = inner.string("value");
                yield new Tag(name, (info, request) -> value);
            }
        };
    }

    private static SpanTag metadata(String name, ConfigNode node, @Nullable String orElse) {
        ConfigNode kindNode = node.message("kind");
        String kind = kindNode == null ? "request" : String.valueOf(kindNode.oneof("kind"));
        ConfigNode key = node.message("metadata_key");
        String namespace = key == null ? "" : key.string("key");
        List<String> path = new ArrayList<>();
        if (key != null) {
            for (ConfigNode segment : key.messages("path")) {
                path.add(segment.string("key"));
            }
        }
        return new Tag(name, (info, request) -> {
            Object value = find(fields(info, kind, namespace), path);
            String text = value == null ? null : text(value);
            return text == null ? orElse : text;
        });
    }

    private static @Nullable Map<String, Object> fields(StreamInfo info, String kind, String namespace) {
        if (kind.equals("request")) {
            return info.dynamicMetadata(namespace);
        }
        Map<String, Map<String, Object>> all = switch (kind) {
            case "route" -> info.routeMetadata;
            case "cluster" -> info.clusterMetadata;
            default -> info.upstreamHostMetadata;
        };
        return all == null ? null : all.get(namespace);
    }

    private static @Nullable Object find(@Nullable Map<String, Object> fields, List<String> path) {
        Object value = fields;
        for (String key : path) {
            value = value instanceof Map<?, ?> map ? map.get(key) : null;
        }
        return value;
    }

    private static @Nullable String text(Object value) {
        return value instanceof String s ? s : JsonWriter.compact(value);
    }
}
