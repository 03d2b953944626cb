package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a gRPC service is ({@code envoy.config.core.v3.GrpcService}).
 *
 * @param cluster that the service's endpoints are in
 * @param authority {@code :authority} of calls; the cluster's name when not given
 * @param timeoutNanos of a call, 0 = none; unary calls only
 * @param metadata sent with every call, header names and values in turn
 * @param options what is rarely given
 */
public record GrpcService(String cluster, String authority, long timeoutNanos, List<String> metadata, Options options) {
    /**
     * What is rarely given of a service.
     *
     * @param maxMessageBytes {@code max_receive_message_length}; 0 = as who calls has it
     * @param bare {@code skip_envoy_headers}: calls do not tell that they are from inside, and from where
     * @param backOffBaseNanos after which a stream of a management server is opened again, at most; {@code EnvoyGrpc.retry_policy}
     * @param backOffMaxNanos what that grows to
     * @param retries of calls of one message, or null
     */
    public record Options(
            int maxMessageBytes,
            boolean bare,
            long backOffBaseNanos,
            long backOffMaxNanos,
            @Nullable GrpcRetries retries) {
        private static final long BASE = 500_000_000L;
        private static final Options NONE = new Options(0, false, BASE, 60 * BASE, null);
    }

    /** Messages of a configuration that name a gRPC service. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.core.v3.GrpcService")
                    .supported("envoy_grpc", "timeout", "initial_metadata", "retry_policy")
                    .refused(
                            "google_grpc",
                            "name a cluster by envoy_grpc instead, whose endpoint is the target_uri, with http2_protocol_options,"
                                    + " and an UpstreamTlsContext in the place of ssl_credentials; an access token goes into"
                                    + " initial_metadata"),
            SupportedFields.of("envoy.config.core.v3.GrpcService.EnvoyGrpc")
                    .supported("cluster_name", "authority", "max_receive_message_length", "skip_envoy_headers")
                    .supported("retry_policy"));

    public GrpcService {
        metadata = List.copyOf(metadata);
    }

    /** A service without more to it. */
    public GrpcService(String cluster, String authority, long timeoutNanos, List<String> metadata) {
        this(cluster, authority, timeoutNanos, metadata, Options.NONE);
    }

    /** The same with another time-out and other metadata. */
    public GrpcService with(long timeout, List<String> more) {
        return new GrpcService(cluster, authority, timeout, more, options);
    }

    /** That of a stream, which can't be tried again once it was used. */
    public static GrpcService ofStream(ConfigNode node) {
        if (node.has("retry_policy")) {
            throw node.error("retry_policy", "is for calls of one message; a stream is opened again by its user");
        }
        return from(node);
    }

    /** Reads an {@code envoy.config.core.v3.GrpcService}; {@code google_grpc} is refused by the list of supported fields. */
    public static GrpcService from(ConfigNode node) {
        ConfigNode envoy = node.required("envoy_grpc");
        String cluster = envoy.string("cluster_name");
        String authority = envoy.string("authority");
        List<String> metadata = new ArrayList<>();
        for (ConfigNode header : node.messages("initial_metadata")) {
            metadata.add(header.string("key"));
            metadata.add(header.string("value"));
        }
        return new GrpcService(
                cluster,
                authority.isEmpty() ? cluster : authority,
                node.durationNanos("timeout", 0),
                metadata,
                options(node, envoy));
    }

    private static Options options(ConfigNode node, ConfigNode envoy) {
        ConfigNode reopen = envoy.message("retry_policy");
        long[] window = GrpcRetries.window(reopen, Options.BASE, 60);
        return new Options(
                (int) Math.min(envoy.integer("max_receive_message_length", 0), Integer.MAX_VALUE),
                envoy.bool("skip_envoy_headers", false),
                window[0],
                window[1],
                GrpcRetries.from(node.message("retry_policy")));
    }
}
