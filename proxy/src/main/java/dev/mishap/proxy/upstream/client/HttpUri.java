package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.WireText;
import java.util.List;

/**
 * Where an HTTP service is ({@code envoy.config.core.v3.HttpUri}).
 *
 * @param cluster that the service's endpoints are in, whatever the URI says
 * @param authority of the URI, {@code ""} when it has none
 * @param path of the URI with its query, {@code /} when it has none
 * @param timeoutNanos of a request
 */
public record HttpUri(String cluster, String authority, String path, long timeoutNanos) {
    /** The message, for those that read it. */
    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of("envoy.config.core.v3.HttpUri").supported("uri", "cluster", "timeout"));

    public static HttpUri from(ConfigNode node) {
        String uri = WireText.encode(node.string("uri"));
        int scheme = uri.indexOf("://");
        String rest = scheme < 0 ? uri : uri.substring(scheme + 3);
        int slash = rest.indexOf('/');
        return new HttpUri(
                node.string("cluster"),
                slash < 0 ? rest : rest.substring(0, slash),
                slash < 0 ? "/" : rest.substring(slash),
                node.durationNanos("timeout", 0));
    }
}
