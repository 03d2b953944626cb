package dev.mishap.proxy.observe.als;

import dev.mishap.proxy.config.TransportVersion;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.SpanTag;
import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.RemoteLogs;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.trace.CustomTags;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcService;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads gRPC access loggers. Loggers of the same {@code common_config} share their streams. */
public final class GrpcAccessLogs implements RemoteLogs {
    private static final String PACKAGE = "envoy.extensions.access_loggers.grpc.v3.";
    private static final String HTTP = PACKAGE + "HttpGrpcAccessLogConfig";
    private static final String TCP = PACKAGE + "TcpGrpcAccessLogConfig";
    static final long DEFAULT_FLUSH_NANOS = 1_000_000_000;
    static final int DEFAULT_BUFFER_BYTES = 16_384;

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(HTTP)
                    .supported(
                            "common_config",
                            "additional_request_headers_to_log",
                            "additional_response_headers_to_log",
                            "additional_response_trailers_to_log"),
            SupportedFields.of(TCP).supported("common_config"),
            SupportedFields.of(PACKAGE + "CommonGrpcAccessLogConfig")
                    .supported(
                            "log_name",
                            "grpc_service",
                            "transport_api_version",
                            "buffer_flush_interval",
                            "buffer_size_bytes",
                            "custom_tags"));

    private final AsyncGrpcClient client;
    private final Scope root;
    private final Iterable<EventLoop> loops;
    private final Consumer<ProtoWriter> node;
    private final SharedLoggers<GrpcLogger> loggers = new SharedLoggers<>();

    /**
     * @param loops on which requests are logged
     * @param node writes the fields of {@code envoy.config.core.v3.Node}
     */
    public GrpcAccessLogs(AsyncGrpcClient client, Scope root, Iterable<EventLoop> loops, Consumer<ProtoWriter> node) {
        this.client = client;
        this.root = root;
        this.loops = loops;
        this.node = node;
    }

    @Override
    public @Nullable AccessLog make(ConfigNode config) {
        boolean tcp = config.messageName().equals(TCP);
        if (!tcp && !config.messageName().equals(HTTP)) {
            return null;
        }
        ConfigNode common = config.required("common_config");
        List<SpanTag> tags = CustomTags.from(common.messages("custom_tags"));
        GrpcLogger logger = logger(common, tcp);
        LogEntry entry = new LogEntry(
                tags,
                names(config, tcp, "additional_request_headers_to_log"),
                names(config, tcp, "additional_response_headers_to_log"),
                names(config, tcp, "additional_response_trailers_to_log"));
        if (tcp) {
            return (info, request, response, trailers) -> {
                ProtoWriter out = logger.begin();
                entry.tcp(out, info, request);
                logger.end();
            };
        }
        return (info, request, response, trailers) -> {
            ProtoWriter out = logger.begin();
            entry.http(out, info, request, response, trailers);
            logger.end();
        };
    }

    private GrpcLogger logger(ConfigNode common, boolean tcp) {
        GrpcService service = service(common);
        String key = tcp + JsonWriter.compact(common.toJson());
        return loggers.get(
                key,
                () -> new GrpcLogger(
                        client,
                        service,
                        common.string("log_name"),
                        tcp,
                        common.durationNanos("buffer_flush_interval", DEFAULT_FLUSH_NANOS),
                        common.integer("buffer_size_bytes", DEFAULT_BUFFER_BYTES),
                        new GrpcLogger.Stats(root.scope("access_logs.grpc_access_log.")),
                        loops,
                        node));
    }

    /** The service of a {@code CommonGrpcAccessLogConfig}. */
    static GrpcService service(ConfigNode common) {
        TransportVersion.check(common);
        return GrpcService.ofStream(common.required("grpc_service"));
    }

    private static List<HeaderName> names(ConfigNode config, boolean tcp, String field) {
        List<HeaderName> names = new ArrayList<>();
        if (!tcp) {
            config.strings(field).forEach(name -> names.add(HeaderName.of(name)));
        }
        return List.copyOf(names);
    }
}
