package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.RequestCookies;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.route.match.RegexSubstitution;
import dev.mishap.proxy.transport.FilterStateValue;
import dev.mishap.rules.XxHash64;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The {@code hash_policy} of a route: what of a request decides which endpoint it goes to, where the load balancer hashes. */
public final class HashPolicy {
    static final HashPolicy NONE = new HashPolicy(List.of());

    private static final String MESSAGE = "envoy.config.route.v3.RouteAction.HashPolicy";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(MESSAGE)
                    .supported(
                            "header", "cookie", "connection_properties", "query_parameter", "filter_state", "terminal"),
            SupportedFields.of(MESSAGE + ".FilterState").supported("key"),
            SupportedFields.of(MESSAGE + ".Header").supported("header_name", "regex_rewrite"),
            SupportedFields.of(MESSAGE + ".Cookie").supported("name", "ttl", "path", "attributes"),
            SupportedFields.of(MESSAGE + ".CookieAttribute").supported("name", "value"),
            SupportedFields.of(MESSAGE + ".ConnectionProperties").supported("source_ip"),
            SupportedFields.of(MESSAGE + ".QueryParameter").supported("name"));

    private final List<Part> parts;

    private HashPolicy(List<Part> parts) {
        this.parts = List.copyOf(parts);
    }

    /** What one policy takes from a request; null = the request has none. */
    private interface Source {
        @Nullable
        String value(HttpStream stream, List<String> setCookies);
    }

    private record Part(Source source, boolean terminal) {}

    static HashPolicy from(List<ConfigNode> nodes) {
        if (nodes.isEmpty()) {
            return NONE;
        }
        List<Part> parts = new ArrayList<>();
        for (ConfigNode node : nodes) {
            parts.add(new Part(source(node), node.bool("terminal", false)));
        }
        return new HashPolicy(parts);
    }

    private static Source source(ConfigNode node) {
        String kind = node.oneof("policy_specifier");
        switch (kind == null ? "" : kind) {
            case "header" -> {
                ConfigNode header = node.required("header");
                HeaderName name = HeaderName.of(header.string("header_name"));
                ConfigNode rewrite = header.message("regex_rewrite");
                RegexSubstitution substitution = rewrite == null ? null : RegexSubstitution.from(rewrite);
                return (stream, set) -> header(stream.requestHeaders(), name, substitution);
            }
            case "cookie" -> {
                return cookie(node.required("cookie"));
            }
            case "connection_properties" -> {
                boolean sourceIp = node.required("connection_properties").bool("source_ip", false);
                return (stream, set) -> sourceIp ? ip(stream.info().downstreamRemoteAddress) : null;
            }
            case "query_parameter" -> {
                String name = WireText.encode(node.required("query_parameter").string("name"));
                return (stream, set) -> query(stream.requestHeaders(), name);
            }
            case "filter_state" -> {
                String key = node.required("filter_state").string("key");
                return (stream, set) -> state(stream.info(), key);
            }
            default -> throw node.error("policy_specifier", "is required");
        }
    }

    private static @Nullable String header(
            HeaderMap request, HeaderName name, @Nullable RegexSubstitution substitution) {
        String value = request.get(name);
        return value == null || substitution == null ? value : substitution.apply(value);
    }

    private static @Nullable String ip(@Nullable InetSocketAddress address) {
        return address == null ? null : NetUtil.toAddressString(address.getAddress());
    }

    private static @Nullable String state(StreamInfo info, String key) {
        Object state = info.filterState(key);
        if (state == null && info.connection != null) {
            state = info.connection.filterState(key);
        }
        return state instanceof FilterStateValue value && value.hashable() ? value.plain() : null;
    }

    private static @Nullable String query(HeaderMap request, String name) {
        String target = request.get(HeaderName.PATH);
        int at = target == null ? -1 : target.indexOf('?');
        if (target == null || at < 0) {
            return null;
        }
        int hash = target.indexOf('#', at);
        for (String pair :
                target.substring(at + 1, hash < 0 ? target.length() : hash).split("&", -1)) {
            int equals = pair.indexOf('=');
            if ((equals < 0 ? pair : pair.substring(0, equals)).equals(name)) {
                return equals < 0 ? "" : pair.substring(equals + 1);
            }
        }
        return null;
    }

    private static Source cookie(ConfigNode node) {
        String name = WireText.encode(node.string("name"));
        long ttl = node.durationNanos("ttl", -1);
        StringBuilder rest = new StringBuilder();
        if (ttl > 0) {
            rest.append("; Max-Age=").append(TimeUnit.NANOSECONDS.toSeconds(ttl));
        }
        if (!node.string("path").isEmpty()) {
            rest.append("; Path=").append(node.string("path"));
        }
        for (ConfigNode attribute : node.messages("attributes")) {
            rest.append("; ").append(attribute.string("name"));
            if (!attribute.string("value").isEmpty()) {
                rest.append('=').append(attribute.string("value"));
            }
        }
        String tail = rest.append("; HttpOnly").toString();
        return (stream, set) -> {
            String value = RequestCookies.value(stream.requestHeaders(), name);
            if (value == null && ttl >= 0) {
                // The same for all streams of a connection, which may race for the first answer.
                StreamInfo info = stream.info();
                value = Long.toHexString(
                        XxHash64.ofText(text(info.downstreamDirectRemoteAddress) + text(info.downstreamLocalAddress)));
                value = "0".repeat(16 - value.length()) + value;
                set.add(name + "=\"" + value + "\"" + tail);
            }
            return value;
        };
    }

    private static String text(@Nullable InetSocketAddress a) {
        return a == null ? "" : NetUtil.toAddressString(a.getAddress()) + ":" + a.getPort();
    }

    public boolean isEmpty() {
        return parts.isEmpty();
    }

    /**
     * The hash of a request, or null when it has nothing that is asked for.
     *
     * @param setCookies gets the cookies that the response is to set
     */
    public @Nullable Long hash(HttpStream stream, List<String> setCookies) {
        boolean any = false;
        long hash = 0;
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            String value = part.source.value(stream, setCookies);
            if (value != null) {
                // Turning the old value keeps equal parts from cancelling each other.
                hash = Long.rotateLeft(hash, 1) ^ XxHash64.ofText(WireText.decode(value));
                any = true;
            }
            if (part.terminal && any) {
                break;
            }
        }
        return any ? hash : null;
    }
}
