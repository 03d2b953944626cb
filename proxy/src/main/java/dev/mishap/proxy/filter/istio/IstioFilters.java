package dev.mishap.proxy.filter.istio;

import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;

/**
 * What Istio's control plane puts into every sidecar's configuration: {@code istio.metadata_exchange}, {@code istio.alpn} and
 * {@code istio.stats}. They tell peers apart, and count by what they were told; requests and bytes pass unchanged.
 */
public final class IstioFilters {
    static final String PEER_METADATA = "io.istio.http.peer_metadata.Config";
    static final String ALPN = "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig";
    static final String STATS = "stats.PluginConfig";

    /** {@code istio.metadata_exchange} of connections, downstream and upstream. */
    static final String METADATA_EXCHANGE = "envoy.tcp.metadataexchange.config.MetadataExchange";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.withoutEffect(
                    PEER_METADATA,
                    "`istio.metadata_exchange` of requests: no `x-envoy-peer-metadata` headers are sent, and those that come"
                            + " pass; only Istio's telemetry reads them"),
            SupportedFields.withoutEffect(
                    METADATA_EXCHANGE,
                    "`istio.metadata_exchange` of connections, also in `Cluster.filters`: nothing is exchanged, as with a peer"
                            + " that does not take part, which Istio's own proxy accepts"),
            SupportedFields.withoutEffect(
                    ALPN,
                    "`istio.alpn`: upstream connections offer the protocols of their TLS context, not Istio's names in front"
                            + " of them; peers that know only those names see plain ALPN"),
            SupportedFields.withoutEffect(
                    STATS, "`istio.stats`: there are no `istio_*` metrics; Envoy's own stats count as always"));

    private IstioFilters() {}
}
