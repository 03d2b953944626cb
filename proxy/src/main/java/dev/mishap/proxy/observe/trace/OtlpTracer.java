package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.transport.LoopLocal;
import dev.mishap.proxy.upstream.client.AsyncFailure;
import dev.mishap.proxy.upstream.client.AsyncHttpCallbacks;
import dev.mishap.proxy.upstream.client.AsyncHttpRequest;
import dev.mishap.proxy.upstream.client.GrpcCallbacks;
import dev.mishap.proxy.upstream.client.GrpcService;
import dev.mishap.proxy.upstream.client.GrpcStatus;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Spans in OpenTelemetry's form, over OTLP by gRPC or HTTP, with W3C propagation: {@code envoy.config.trace.v3.OpenTelemetryConfig}. */
final class OtlpTracer implements Tracer {
    static final String MESSAGE = "envoy.config.trace.v3.OpenTelemetryConfig";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(MESSAGE)
                    .supported(
                            "grpc_service",
                            "http_service",
                            "service_name",
                            "resource_detectors",
                            "sampler",
                            "set_telemetry_sdk_resource_attributes",
                            "set_service_name_resource_attribute",
                            "set_instrumentation_scope"),
            SupportedFields.of("envoy.config.core.v3.HttpService").supported("http_uri", "request_headers_to_add"));

    private static final String METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    private static final String AGENT = "OTel-OTLP-Exporter-Envoy/";
    private static final Ignored IGNORED = new Ignored();

    private final LoopLocal<OtlpReporter> reporters;
    /** Null = spans are sampled as the first of their trace was. */
    private final @Nullable OtlpSampler sampler;

    private OtlpTracer(LoopLocal<OtlpReporter> reporters, @Nullable OtlpSampler sampler) {
        this.reporters = reporters;
        this.sampler = sampler;
    }

    static Tracer from(ConfigNode node, TracingConfig.Environment environment) {
        ConfigNode grpc = node.message("grpc_service");
        ConfigNode http = node.message("http_service");
        if (grpc != null && http != null) {
            throw new ConfigException("OpenTelemetry Tracer cannot have both gRPC and HTTP exporters configured."
                    + " OpenTelemetry tracer will be disabled.");
        }
        OtlpReporter.Exporter exporter = grpc != null
                ? grpc(GrpcService.from(grpc), environment)
                : http == null ? (loop, request) -> false : http(http, environment);
        Map<String, String> resource = OtlpResource.of(node, environment.version(), System::getenv);
        boolean namesScope = OtlpResource.isOn(node, "set_instrumentation_scope");
        OtlpReporter.Stats stats = new OtlpReporter.Stats(environment.root().scope("tracing.opentelemetry."));
        ConfigNode sampler = node.message("sampler");
        return new OtlpTracer(
                new LoopLocal<>(loop -> new OtlpReporter(
                        exporter, environment.runtime(), resource, environment.version(), namesScope, stats, loop)),
                sampler == null ? null : OtlpSampler.from(sampler));
    }

    private static OtlpReporter.Exporter grpc(GrpcService service, TracingConfig.Environment environment) {
        List<String> metadata = new ArrayList<>(service.metadata());
        metadata.add("user-agent");
        metadata.add(AGENT + environment.version());
        GrpcService named = service.with(service.timeoutNanos(), metadata);
        return (loop, request) -> {
            boolean there = environment.grpc().isAvailable(named);
            if (there) {
                environment.grpc().unary(named, METHOD, loop, request, IGNORED);
            }
            return there;
        };
    }

    private static OtlpReporter.Exporter http(ConfigNode service, TracingConfig.Environment environment) {
        ConfigNode uri = service.required("http_uri");
        String text = uri.string("uri");
        int host = text.indexOf("://") < 0 ? 0 : text.indexOf("://") + 3;
        int path = text.indexOf('/', host);
        String authority = path < 0 ? text.substring(host) : text.substring(host, path);
        String target = path < 0 ? "/" : text.substring(path);
        String cluster = uri.string("cluster");
        Duration timeout = Duration.ofNanos(uri.durationNanos("timeout", 0));
        List<String> headers = new ArrayList<>();
        for (ConfigNode option : service.messages("request_headers_to_add")) {
            ConfigNode header = option.required("header");
            headers.add(header.string("key"));
            headers.add(header.string("value"));
        }
        return (loop, request) -> {
            if (environment.clusters().get(cluster) == null) {
                return false;
            }
            AsyncHttpRequest post = AsyncHttpRequest.post(authority, target, request.toByteArray(), timeout);
            post.headers().add(HeaderName.CONTENT_TYPE, "application/x-protobuf");
            post.headers().add(HeaderName.USER_AGENT, AGENT + environment.version());
            for (int i = 0; i < headers.size(); i += 2) {
                post.headers().add(HeaderName.of(headers.get(i)), headers.get(i + 1));
            }
            environment.client().send(cluster, loop, post, IGNORED);
            return true;
        };
    }

    @Override
    public @Nullable Span start(
            HeaderMap request, EventLoop loop, String host, boolean sampled, boolean outbound, long epochNanos) {
        W3cContext came;
        try {
            came = W3cContext.of(request);
        } catch (TraceContext.MalformedException e) {
            return null;
        }
        boolean remote = came.hasParent();
        W3cContext context =
                remote ? came : new W3cContext(ZipkinTracer.random(), ZipkinTracer.random(), 0, sampled, "");
        return new OtlpSpan(
                reporters.get(loop),
                context,
                outbound,
                remote,
                sampled && (sampler != null ? sampler.samples(context) : context.sampled()),
                outbound ? "egress " + host : "ingress",
                epochNanos);
    }

    /** What collectors answer changes nothing: spans are not sent again. */
    private static final class Ignored implements GrpcCallbacks, AsyncHttpCallbacks {
        @Override
        public void onMessage(byte[] message) {}

        @Override
        public void onClose(GrpcStatus status) {}

        @Override
        public void onResponse(int status, HeaderMap headers, ByteBuf borrowedBody) {}

        @Override
        public void onFailure(AsyncFailure failure) {}
    }
}
