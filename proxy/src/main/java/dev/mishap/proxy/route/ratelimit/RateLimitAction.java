package dev.mishap.proxy.route.ratelimit;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.route.match.HeaderMatcher;
import dev.mishap.proxy.route.match.QueryParameterMatcher;
import dev.mishap.proxy.route.ratelimit.Descriptor.Entry;
import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One action of a rate limit: makes an entry of the request's descriptor. */
@FunctionalInterface
interface RateLimitAction {
    String MESSAGE = "envoy.config.route.v3.RateLimit.Action";
    String NO_FORMAT = "Envoy, too, takes the value as it stands, unless a runtime guard makes it a format";

    List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(MESSAGE)
                    .supported(
                            "source_cluster",
                            "destination_cluster",
                            "request_headers",
                            "query_parameters",
                            "remote_address",
                            "generic_key",
                            "header_value_match",
                            "metadata",
                            "masked_remote_address",
                            "query_parameter_value_match",
                            "remote_address_match"),
            SupportedFields.of(MESSAGE + ".SourceCluster"),
            SupportedFields.of(MESSAGE + ".DestinationCluster"),
            SupportedFields.of(MESSAGE + ".RequestHeaders")
                    .supported("header_name", "descriptor_key", "skip_if_absent"),
            SupportedFields.of(MESSAGE + ".QueryParameters")
                    .supported("query_parameter_name", "descriptor_key", "skip_if_absent"),
            SupportedFields.of(MESSAGE + ".RemoteAddress"),
            SupportedFields.of(MESSAGE + ".MaskedRemoteAddress").supported("v4_prefix_mask_len", "v6_prefix_mask_len"),
            SupportedFields.of(MESSAGE + ".GenericKey")
                    .supported("descriptor_value", "descriptor_key")
                    .accepted("default_value", NO_FORMAT),
            SupportedFields.of(MESSAGE + ".HeaderValueMatch")
                    .supported("descriptor_key", "descriptor_value", "expect_match", "headers")
                    .accepted("default_value", NO_FORMAT),
            SupportedFields.of(MESSAGE + ".MetaData")
                    .supported("descriptor_key", "metadata_key", "default_value", "source", "skip_if_absent"),
            SupportedFields.of(MESSAGE + ".QueryParameterValueMatch")
                    .supported("descriptor_key", "descriptor_value", "expect_match", "query_parameters")
                    .accepted("default_value", NO_FORMAT),
            RemoteAddressMatch.FIELDS,
            SupportedFields.of("envoy.type.matcher.v3.AddressMatcher").supported("ranges", "invert_match"));

    /** Adds its entry, if it has one; false when the whole descriptor is not to be made. */
    boolean add(HttpStream stream, List<Entry> entries);

    static List<RateLimitAction> listFrom(List<ConfigNode> nodes, String localCluster) {
        List<RateLimitAction> actions = new ArrayList<>(nodes.size());
        for (ConfigNode node : nodes) {
            actions.add(from(node, localCluster));
        }
        return List.copyOf(actions);
    }

    private static RateLimitAction from(ConfigNode node, String localCluster) {
        String kind = node.oneof("action_specifier");
        if (kind == null) {
            throw node.error("action_specifier", "is required");
        }
        return switch (kind) {
            case "source_cluster" -> constant("source_cluster", WireText.encode(localCluster));
            case "destination_cluster" -> RateLimitAction::destinationCluster;
            case "request_headers" -> requestHeader(node.required(kind));
            case "query_parameters" -> queryParameter(node.required(kind));
            case "remote_address" -> RateLimitAction::remoteAddress;
            case "generic_key" -> genericKey(node.required(kind));
            case "header_value_match" -> headerValueMatch(node.required(kind));
            case "metadata" -> metadata(node.required(kind));
            case "masked_remote_address" -> maskedRemoteAddress(node.required(kind));
            case "query_parameter_value_match" -> queryValueMatch(node.required(kind));
            case "remote_address_match" -> RemoteAddressMatch.from(node.required(kind));
            default -> throw node.error(kind, "is not supported");
        };
    }

    private static RateLimitAction constant(String key, String value) {
        Entry entry = new Entry(key, value);
        return (stream, entries) -> entries.add(entry);
    }

    private static boolean destinationCluster(HttpStream stream, List<Entry> entries) {
        SelectedRoute route = stream.route();
        String cluster = route == null ? null : route.clusterName();
        return cluster != null && entries.add(new Entry("destination_cluster", cluster));
    }

    private static RateLimitAction requestHeader(ConfigNode node) {
        HeaderName name = HeaderName.of(node.string("header_name"));
        String key = node.string("descriptor_key");
        boolean skip = node.bool("skip_if_absent", false);
        return (stream, entries) -> {
            String value = stream.requestHeaders().get(name);
            return value == null ? skip : entries.add(new Entry(key, value));
        };
    }

    private static RateLimitAction queryParameter(ConfigNode node) {
        String name = WireText.encode(node.string("query_parameter_name"));
        String key = node.string("descriptor_key");
        boolean skip = node.bool("skip_if_absent", false);
        return (stream, entries) -> {
            String value = QueryValues.first(stream.requestHeaders().get(HeaderName.PATH), name);
            return value == null ? skip : entries.add(new Entry(key, value));
        };
    }

    private static boolean remoteAddress(HttpStream stream, List<Entry> entries) {
        InetSocketAddress address = stream.info().downstreamRemoteAddress;
        return address != null
                && entries.add(new Entry("remote_address", NetUtil.toAddressString(address.getAddress())));
    }

    private static RateLimitAction maskedRemoteAddress(ConfigNode node) {
        int v4 = (int) node.integer("v4_prefix_mask_len", 32);
        int v6 = (int) node.integer("v6_prefix_mask_len", 128);
        return (stream, entries) -> {
            InetSocketAddress address = stream.info().downstreamRemoteAddress;
            if (address == null) {
                return false;
            }
            int length = address.getAddress() instanceof Inet4Address ? v4 : v6;
            return entries.add(new Entry("masked_remote_address", masked(address.getAddress(), length)));
        };
    }

    private static String masked(InetAddress address, int length) {
        byte[] bytes = address.getAddress();
        for (int i = 0; i < bytes.length; i++) {
            int kept = Math.max(0, Math.min(8, length - 8 * i));
            bytes[i] &= (byte) (0xff << (8 - kept));
        }
        try {
            return NetUtil.toAddressString(InetAddress.getByAddress(bytes)) + "/" + length;
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // the length of an address is right
        }
    }

    private static RateLimitAction genericKey(ConfigNode node) {
        return constant(key(node, "generic_key"), WireText.encode(node.string("descriptor_value")));
    }

    private static String key(ConfigNode node, String absent) {
        String key = node.string("descriptor_key");
        return key.isEmpty() ? absent : key;
    }

    private static RateLimitAction headerValueMatch(ConfigNode node) {
        Entry entry = new Entry(key(node, "header_match"), WireText.encode(node.string("descriptor_value")));
        boolean expected = node.bool("expect_match", true);
        List<HeaderMatcher> matchers = HeaderMatcher.listFrom(node.messages("headers"));
        return (stream, entries) ->
                HeaderMatcher.allMatch(matchers, stream.requestHeaders()) == expected && entries.add(entry);
    }

    private static RateLimitAction queryValueMatch(ConfigNode node) {
        Entry entry = new Entry(key(node, "query_match"), WireText.encode(node.string("descriptor_value")));
        boolean expected = node.bool("expect_match", true);
        List<QueryParameterMatcher> matchers = QueryParameterMatcher.listFrom(node.messages("query_parameters"));
        return (stream, entries) -> {
            HeaderMap headers = stream.requestHeaders();
            int path = headers.indexOf(HeaderName.PATH);
            return (path >= 0 && QueryParameterMatcher.allMatch(matchers, headers, path, 0)) == expected
                    && entries.add(entry);
        };
    }

    private static RateLimitAction metadata(ConfigNode node) {
        String key = node.string("descriptor_key");
        String absent = node.string("default_value");
        boolean ofRoute = node.enumName("source").equals("ROUTE_ENTRY");
        boolean skip = node.bool("skip_if_absent", false);
        ConfigNode where = node.required("metadata_key");
        String namespace = where.string("key");
        List<String> path = new ArrayList<>();
        for (ConfigNode segment : where.messages("path")) {
            path.add(segment.string("key"));
        }
        return (stream, entries) -> {
            Map<String, Map<String, Object>> all =
                    ofRoute ? stream.info().routeMetadata : stream.info().allDynamicMetadata();
            String value = text(all == null ? null : all.get(namespace), path);
            if (value == null || value.isEmpty()) {
                return absent.isEmpty() ? skip : entries.add(new Entry(key, absent));
            }
            return entries.add(new Entry(key, WireText.encode(value)));
        };
    }

    private static @Nullable String text(@Nullable Object at, List<String> path) {
        for (String key : path) {
            at = at instanceof Map<?, ?> map ? map.get(key) : null;
        }
        return at instanceof String text ? text : null;
    }
}
