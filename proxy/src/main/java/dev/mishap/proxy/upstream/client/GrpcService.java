package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a gRPC service is ({@code envoy.config.core.v3.GrpcService}).
 *
 * @param cluster that the service's endpoints are in
 * @param authority {@code :authority} of calls; the cluster's name when not given
 * @param timeoutNanos of a call, 0 = none; unary calls only
 * @param metadata sent with every call, header names and values in turn
 */
public record GrpcService(String cluster, String authority, long timeoutNanos, List<String> metadata) {
    /** Messages of a configuration that name a gRPC service. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.core.v3.GrpcService")
                    .supported("envoy_grpc", "timeout", "initial_metadata")
                    .refused(
                            "google_grpc",
                            "name a cluster by envoy_grpc instead, whose endpoint is the target_uri, with http2_protocol_options,"
                                    + " and an UpstreamTlsContext in the place of ssl_credentials; an access token goes into"
                                    + " initial_metadata"),
            SupportedFields.of("envoy.config.core.v3.GrpcService.EnvoyGrpc").supported("cluster_name", "authority"));

    public GrpcService {
        metadata = List.copyOf(metadata);
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
                cluster, authority.isEmpty() ? cluster : authority, node.durationNanos("timeout", 0), metadata);
    }
}
