package dev.mishap.proxy.filter.network.tcpproxy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.InvalidValues;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.observe.log.SubstitutionFormatter;
import dev.mishap.proxy.route.HeaderMutations;
import dev.mishap.proxy.route.HeaderMutationsConfig;

/**
 * {@code TcpProxy.TunnelingConfig}: the bytes go through a request to a proxy, which the cluster's endpoints are. Immutable.
 *
 * @param hostname where that proxy shall connect to
 * @param post whether it is asked by POST to {@code postPath}, not by CONNECT
 * @param headers what the request has beside
 * @param keepHeaders whether the response's headers are kept as filter state
 * @param keepTrailers likewise
 */
record Tunneling(
        SubstitutionFormatter hostname,
        boolean post,
        String postPath,
        HeaderMutations headers,
        boolean keepHeaders,
        boolean keepTrailers) {
    static final SupportedFields FIELDS = SupportedFields.of(TcpProxyConfig.TYPE + ".TunnelingConfig")
            .supported(
                    "hostname",
                    "use_post",
                    "headers_to_add",
                    "propagate_response_headers",
                    "post_path",
                    "propagate_response_trailers");

    /** Filter state by which a filter before lets a connection go without the tunnel. */
    static final String DISABLE = "envoy.tcp_proxy.disable_tunneling";

    static final String HEADERS_STATE = "envoy.tcp_proxy.propagate_response_headers";
    static final String TRAILERS_STATE = "envoy.tcp_proxy.propagate_response_trailers";

    static Tunneling from(ConfigNode node) {
        boolean post = node.bool("use_post", false);
        String path = node.string("post_path");
        if (!post && !path.isEmpty()) {
            throw new ConfigException("Can't set a post path when POST method isn't used");
        }
        return new Tunneling(
                SubstitutionFormatter.compile(node.string("hostname")),
                post,
                path.isEmpty() ? "/" : path,
                HeaderMutationsConfig.ofRequestAdditions(node.messages("headers_to_add")),
                node.bool("propagate_response_headers", false),
                node.bool("propagate_response_trailers", false));
    }

    /** The request that asks for a tunnel. */
    HeaderMap request(StreamInfo info, boolean secure) {
        HeaderMap request = new HeaderMap();
        StringBuilder host = new StringBuilder();
        hostname.format(info, request, null, null, host);
        request.add(HeaderName.METHOD, post ? "POST" : "CONNECT");
        request.add(HeaderName.AUTHORITY, WireText.encode(host.toString()));
        if (post) {
            request.add(HeaderName.PATH, postPath);
            request.add(HeaderName.SCHEME, secure ? "https" : "http");
        }
        headers.apply(request, info, request, null);
        InvalidValues.leaveOut(request);
        return request;
    }
}
