package dev.mishap.proxy.cluster;

import dev.mishap.proxy.cluster.UpstreamHttpConfig.Protocol;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.h2.H2Config;
import dev.mishap.proxy.http.h2.H2Options;
import dev.mishap.proxy.rules.config.ClusterFaultConfig;
import dev.mishap.proxy.transport.Jitter;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A cluster's HTTP options: {@code HttpProtocolOptions}, or the fields of the cluster itself that it has replaced. */
public final class UpstreamHttpTranslator {
    private static final String HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

    /** What we make of the messages. */
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(HTTP_OPTIONS)
                    .supported("common_http_protocol_options", "explicit_http_config")
                    .supported("use_downstream_protocol_config", "auto_config", "upstream_http_protocol_options")
                    .supported("http_filters"),
            SupportedFields.of("envoy.config.core.v3.UpstreamHttpProtocolOptions")
                    .supported("auto_sni", "auto_san_validation", "override_auto_sni_header"),
            SupportedFields.of(HTTP_OPTIONS + ".ExplicitHttpConfig")
                    .supported("http_protocol_options", "http2_protocol_options"),
            SupportedFields.of(HTTP_OPTIONS + ".UseDownstreamHttpConfig")
                    .supported("http_protocol_options", "http2_protocol_options"),
            SupportedFields.of(HTTP_OPTIONS + ".AutoHttpConfig")
                    .supported("http_protocol_options", "http2_protocol_options"));

    private static final String DYNAMIC_FORWARD = "envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig";

    private UpstreamHttpTranslator() {}

    /** Whether the protocol is what the endpoints choose ({@code auto_config}). */
    static boolean asksByAlpn(ConfigNode cluster) {
        ConfigNode options =
                cluster.messageMap("typed_extension_protocol_options").get(HTTP_OPTIONS);
        return options != null && options.has("auto_config");
    }

    /** The filters that requests pass on the way to the cluster. */
    static List<ConfigNode> filters(ConfigNode cluster) {
        ConfigNode options =
                cluster.messageMap("typed_extension_protocol_options").get(HTTP_OPTIONS);
        return options == null ? List.of() : options.messages("http_filters");
    }

    public static UpstreamHttpConfig from(ConfigNode c) {
        ConfigNode common = c.message("common_http_protocol_options");
        ConfigNode h1 = c.message("http_protocol_options");
        ConfigNode h2 = c.message("http2_protocol_options");
        ConfigNode upstream = c.message("upstream_http_protocol_options");
        Protocol protocol = h2 == null ? Protocol.HTTP1 : Protocol.HTTP2;
        if (c.enumName("protocol_selection").equals("USE_DOWNSTREAM_PROTOCOL")) {
            protocol = Protocol.DOWNSTREAM;
        }
        for (Map.Entry<String, ConfigNode> entry :
                c.messageMap("typed_extension_protocol_options").entrySet()) {
            ConfigNode options = entry.getValue();
            if (options.messageName().equals(ClusterFaultConfig.TYPE)) {
                continue;
            }
            if (!options.messageName().equals(HTTP_OPTIONS)) {
                throw new ConfigException("Didn't find a registered network or http filter or protocol options"
                        + " implementation for name: '" + entry.getKey() + "'");
            }
            common = options.message("common_http_protocol_options");
            upstream = options.message("upstream_http_protocol_options");
            ConfigNode of = options.message("explicit_http_config");
            if (of != null) {
                protocol = of.message("http2_protocol_options") == null ? Protocol.HTTP1 : Protocol.HTTP2;
            } else {
                of = options.message("use_downstream_protocol_config");
                protocol = Protocol.DOWNSTREAM;
            }
            if (of == null) {
                of = options.message("auto_config");
                protocol = Protocol.AUTO;
            }
            if (of == null) {
                throw options.error("upstream_protocol_options", "is required");
            }
            h1 = of.message("http_protocol_options");
            h2 = of.message("http2_protocol_options");
        }
        // Fields about requests that are taken (allow_absolute_url and the like) have no meaning here, for Envoy
        // neither.
        long maxRequests = c.integer("max_requests_per_connection", 0);
        UpstreamHttpConfig d = UpstreamHttpConfig.DEFAULT;
        return new UpstreamHttpConfig(
                common == null ? d.idleTimeoutNanos() : common.durationNanos("idle_timeout", d.idleTimeoutNanos()),
                common == null ? 0 : common.durationNanos("max_connection_duration", 0),
                common == null ? 0 : Jitter.percent(common.message("max_connection_duration_jitter")),
                common == null ? 0 : common.durationNanos("max_stream_duration", 0),
                common == null ? maxRequests : common.integer("max_requests_per_connection", maxRequests),
                common == null ? d.maxHeaders() : (int) common.integer("max_headers_count", d.maxHeaders()),
                common == null
                        ? d.maxHeaderBytes()
                        : (int) common.integer("max_response_headers_kb", d.maxHeaderBytes() / 1024) * 1024,
                h1 == null ? UpstreamHttpConfig.Http1.DEFAULT : http1(h1),
                protocol,
                protocol == Protocol.HTTP1 ? null : http2(h2),
                forwards(c) ? forwardSni(c, upstream) : autoSni(upstream));
    }

    private static UpstreamHttpConfig.Http1 http1(ConfigNode options) {
        ConfigNode format = options.message("header_key_format");
        return new UpstreamHttpConfig.Http1(
                format != null && format.has("proper_case_words"),
                options.bool("enable_trailers", false),
                options.bool("send_fully_qualified_url", false),
                options.bool("allow_chunked_length", false));
    }

    private static boolean forwards(ConfigNode cluster) {
        ConfigNode type = cluster.message("cluster_type");
        ConfigNode config = type == null ? null : type.message("typed_config");
        return config != null && config.messageName().equals(DYNAMIC_FORWARD);
    }

    /** Of a cluster that goes to whatever host a request names: it has to be the host that answers. */
    private static UpstreamHttpConfig.@Nullable AutoSni forwardSni(ConfigNode cluster, @Nullable ConfigNode options) {
        if (options == null
                && !cluster.messageMap("typed_extension_protocol_options").containsKey(HTTP_OPTIONS)) {
            return new UpstreamHttpConfig.AutoSni(true, "");
        }
        UpstreamHttpConfig.AutoSni sni = autoSni(options);
        boolean careless =
                cluster.required("cluster_type").required("typed_config").bool("allow_insecure_cluster_options", false);
        if (!careless && (sni == null || !sni.verify())) {
            throw new ConfigException("dynamic_forward_proxy cluster must have auto_sni and auto_san_validation true"
                    + " unless allow_insecure_cluster_options is set.");
        }
        return sni;
    }

    private static UpstreamHttpConfig.@Nullable AutoSni autoSni(@Nullable ConfigNode options) {
        if (options == null) {
            return null;
        }
        boolean sni = options.bool("auto_sni", false);
        boolean verify = options.bool("auto_san_validation", false);
        if (verify && !sni) {
            throw options.error("auto_san_validation", "is not supported without auto_sni");
        }
        return sni ? new UpstreamHttpConfig.AutoSni(verify, options.string("override_auto_sni_header")) : null;
    }

    /** Apart, so that a cluster without HTTP/2 needs no class of it. */
    private static H2Options http2(@Nullable ConfigNode options) {
        return H2Config.from(options, false);
    }
}
