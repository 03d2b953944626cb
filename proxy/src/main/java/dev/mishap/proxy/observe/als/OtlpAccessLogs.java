package dev.mishap.proxy.observe.als;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.StreamSpan;
import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.RemoteLogs;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcService;
import io.netty.channel.EventLoop;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads OpenTelemetry access loggers. Loggers of the same configuration share what waits to be sent. */
public final class OtlpAccessLogs implements RemoteLogs {
    private static final String TYPE = "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig";
    private static final String VALUES = "opentelemetry.proto.common.v1.";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(TYPE)
                    .supported(
                            "common_config",
                            "grpc_service",
                            "log_name",
                            "buffer_flush_interval",
                            "buffer_size_bytes",
                            "disable_builtin_labels",
                            "resource_attributes",
                            "body",
                            "attributes",
                            "stat_prefix",
                            "formatters")
                    .refused("http_service", "logs go over gRPC: grpc_service"),
            SupportedFields.of(VALUES + "AnyValue")
                    .supported(
                            "string_value",
                            "bool_value",
                            "int_value",
                            "double_value",
                            "array_value",
                            "kvlist_value",
                            "bytes_value"),
            SupportedFields.of(VALUES + "ArrayValue").supported("values"),
            SupportedFields.of(VALUES + "KeyValueList").supported("values"),
            SupportedFields.of(VALUES + "KeyValue").supported("key", "value"));

    // Fields of opentelemetry.proto.logs.v1.LogRecord.
    private static final int TIME = 1;
    private static final int BODY = 5;
    private static final int ATTRIBUTES = 6;
    private static final int TRACE_ID = 9;
    private static final int SPAN_ID = 10;

    private static final int TRACE_ID_DIGITS = 32;

    /** Who the process is. */
    public record Node(String zone, String cluster, String id) {}

    private final AsyncGrpcClient client;
    private final Scope root;
    private final Iterable<EventLoop> loops;
    private final Node node;
    private final SharedLoggers<OtlpLogger> loggers = new SharedLoggers<>();

    /** @param loops on which requests are logged */
    public OtlpAccessLogs(AsyncGrpcClient client, Scope root, Iterable<EventLoop> loops, Node node) {
        this.client = client;
        this.root = root;
        this.loops = loops;
        this.node = node;
    }

    @Override
    public @Nullable AccessLog make(ConfigNode config) {
        if (!config.messageName().equals(TYPE)) {
            return null;
        }
        List<ConfigNode> formatters = config.messages("formatters");
        ConfigNode attributesNode = config.message("attributes");
        @Nullable OtlpTemplate body = OtlpTemplate.value(config.message("body"), BODY, formatters);
        @Nullable
        OtlpTemplate attributes =
                attributesNode == null ? null : OtlpTemplate.pairs(attributesNode, ATTRIBUTES, formatters);
        OtlpLogger logger = logger(config);
        return (info, request, response, trailers) -> {
            OtlpTemplate.Entry entry = new OtlpTemplate.Entry(info, request, response, trailers);
            ProtoWriter out = logger.begin();
            out.fixed64(TIME, info.startTimeEpochNanos);
            if (body != null) {
                body.write(out, entry);
            }
            if (attributes != null) {
                attributes.write(out, entry);
            }
            trace(out, info);
            logger.end();
        };
    }

    private static void trace(ProtoWriter out, StreamInfo info) {
        StreamSpan span = info.span;
        if (span == null) {
            return;
        }
        String trace = span.traceId();
        if (!trace.isEmpty()) {
            // Those of Zipkin may have half the length.
            out.bytes(TRACE_ID, HexFormat.of().parseHex("0".repeat(TRACE_ID_DIGITS - trace.length()) + trace));
        }
        String id = span.spanId();
        if (id != null && !id.isEmpty()) {
            out.bytes(SPAN_ID, HexFormat.of().parseHex(id));
        }
    }

    private OtlpLogger logger(ConfigNode config) {
        ConfigNode old = config.message("common_config");
        ConfigNode direct = config.message("grpc_service");
        if (old == null && direct == null) {
            throw new ConfigException("OpenTelemetry access logger requires one of: grpc_service, http_service, or"
                    + " common_config.grpc_service to be configured.");
        }
        if (direct != null && old != null && old.has("grpc_service")) {
            throw new ConfigException(
                    "OpenTelemetry access logger can only have one transport configured. Specify exactly"
                            + " one of: grpc_service, http_service, or common_config.grpc_service.");
        }
        // What common_config holds stands in the message itself since Envoy 1.37, and goes before it there.
        GrpcService service =
                direct == null ? GrpcAccessLogs.service(config.required("common_config")) : GrpcService.from(direct);
        String name = config.string("log_name");
        String key = JsonWriter.compact(config.toJson());
        return loggers.get(
                key,
                () -> new OtlpLogger(
                        client,
                        service,
                        resource(config, name.isEmpty() && old != null ? old.string("log_name") : name),
                        holder(config, old, "buffer_flush_interval")
                                .durationNanos("buffer_flush_interval", GrpcAccessLogs.DEFAULT_FLUSH_NANOS),
                        holder(config, old, "buffer_size_bytes")
                                .integer("buffer_size_bytes", GrpcAccessLogs.DEFAULT_BUFFER_BYTES),
                        new GrpcLogger.Stats(
                                root.scope("access_logs.open_telemetry_access_log." + config.string("stat_prefix"))),
                        loops));
    }

    private static ConfigNode holder(ConfigNode config, @Nullable ConfigNode old, String field) {
        return old == null || config.has(field) ? config : old;
    }

    private byte[] resource(ConfigNode config, String logName) {
        ProtoWriter out = new ProtoWriter();
        if (!config.bool("disable_builtin_labels", false)) {
            label(out, "log_name", logName);
            label(out, "zone_name", node.zone());
            label(out, "cluster_name", node.cluster());
            label(out, "node_name", node.id());
        }
        ConfigNode attributes = config.message("resource_attributes");
        if (attributes != null) {
            OtlpTemplate.literal(out, attributes, 1);
        }
        return out.toByteArray();
    }

    private static void label(ProtoWriter out, String key, String value) {
        int pair = out.begin(1);
        out.string(1, key);
        int any = out.begin(2);
        out.stringAlways(1, value);
        out.end(any);
        out.end(pair);
    }
}
